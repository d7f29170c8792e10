"""A component of one's own between Footnote's retriever and its answerer; samples/between.yaml names it."""

from haystack import Document, component


@component
class OncePerSource:
    """Keeps the best passages of each source, so that one long document does not crowd out the others."""

    def __init__(self, most: int = 1) -> None:
        self.most = most

    @component.output_types(documents=list[Document])
    def run(self, documents: list[Document]) -> dict[str, list[Document]]:
        """The documents in their order, at most `most` of each source."""
        seen: dict[str, int] = {}
        kept = []
        for document in documents:
            source = document.meta["source"]
            seen[source] = seen.get(source, 0) + 1
            if seen[source] <= self.most:
                kept.append(document)
        return {"documents": kept}
