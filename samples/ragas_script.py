"""A stock RAGAS script with Footnote's small judges: no LLM, no key, no network. Run it anywhere that has
`pip install 'footnote-rag[eval]'`:

    python samples/ragas_script.py
"""

# The judges first: importing them turns RAGAS' usage reporting off
from eval.metrics.ragas import (
    AnswerRelevancy,
    BertScore,
    CitationPrecision,
    CitationRecall,
    ContextRelevance,
    EncoderEmbeddings,
    Faithfulness,
)

from ragas import EvaluationDataset, evaluate  # isort: skip
from ragas.metrics import NonLLMStringSimilarity, RougeScore, SemanticSimilarity  # isort: skip

CONTEXTS = [
    "The bilge pump is rated for a working pressure of 16 bar. Its filter is cleaned every two weeks.",
    "Mooring ropes are made of polyester. They are replaced after five years.",
]

DATASET = EvaluationDataset.from_list(
    [
        {
            "user_input": "What pressure is the bilge pump rated for?",
            "retrieved_contexts": CONTEXTS,
            "response": response,
            "reference": "16 bar",
        }
        for response in (
            "The pump is rated for a pressure of 16 bar [1].",
            "The pump is rated for a pressure of 40 bar [2].",
            "Mooring ropes are made of polyester [2].",
            "",
        )
    ]
)

METRICS = [
    Faithfulness(),
    AnswerRelevancy(),
    ContextRelevance(),
    CitationRecall(),
    CitationPrecision(),
    BertScore(),
    SemanticSimilarity(embeddings=EncoderEmbeddings()),
    RougeScore(),
    NonLLMStringSimilarity(),
]

if __name__ == "__main__":
    result = evaluate(DATASET, metrics=METRICS, show_progress=False)
    print(result.to_pandas().drop(columns=["user_input", "retrieved_contexts", "reference"]).to_string())
