"""How well the reader reads: exact match and token F1 of its spans on given passages, as SQuAD has them."""
