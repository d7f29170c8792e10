"""Questions in languages that are not read are told; English ones, names and codes never."""

from __future__ import annotations

import pytest

from rag.text.language import foreign_language


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("Wo hängt der Schlüssel?", "de"),
        ("Was kostet das Mittagessen?", "de"),
        ("Quelle est la pression maximale ?", "fr"),
        ("Comment démarrer la pompe ?", "fr"),
        ("¿Se permiten perros?", "es"),
        ("Cuando abre la puerta", "es"),
        ("Dove si trova la chiave?", "it"),
        ("Hoe vaak wordt de klep gecontroleerd?", "nl"),
        ("安全阀多久检查一次？", "zh"),
        ("安全弁はいつ検査しますか。", "ja"),
        ("안전밸브는 언제 검사합니까?", "ko"),
        ("Как часто проверяется клапан?", "ru"),
        ("متى يفتح الباب؟", "ar"),
    ],
)
def test_a_foreign_question_is_told(question: str, language: str) -> None:
    assert foreign_language(question) == language


@pytest.mark.parametrize(
    "text",
    [
        "How often is the safety valve inspected?",
        "Who wrote La casa de papel?",
        "Was Die Hard filmed in Los Angeles?",
        "What does 'Wie geht es dir' mean?",
        "What is 安全阀 in English?",
        "La Paz",
        "Le Monde",
        "der Spiegel",
        "Van der Waals",
        "Dr. Kann",
        "β-carotene",
        "α β",
        "PX-200 DE",
        "de facto, con man, pro bono",
        "",
    ],
)
def test_english_names_and_codes_are_not(text: str) -> None:
    assert foreign_language(text) is None
