"""A real run of `footnote ingest` on a small folder, and what is reported of it."""

from __future__ import annotations

from pathlib import Path

from lab.bench.ingest import format_table, ingest_folder


def test_a_run_is_reported_by_format(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "a.md").write_text("# One\n\nTwo three.")
    (folder / "b.md").write_text("Four.")
    (folder / "c.pdf").write_bytes(bytes(range(256)) * 8)
    run = ingest_folder(folder, tmp_path / "data")
    markdown, pdf = run.formats
    assert (markdown.name, markdown.files, markdown.characters, markdown.failures) == ("md", 2, 20, {})
    assert (pdf.name, pdf.files, pdf.characters, pdf.failures) == ("pdf", 1, 0, {"mislabelled_file": 1})
    assert run.worker_mb is not None
    assert run.parser_mb is not None
    assert 10 < run.parser_mb < 1500
    assert "| all | 3 | 20 |" in format_table(run)
