"""Regular expressions that more than one rule uses."""

from __future__ import annotations

import re

_MONTH = r"(?:January|February|March|April|May|June|July|August|September|October|November|December)"
FIGURE = (
    r"(?:\d[\d,]*(?:\.\d+)?|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty"
    r"|forty|fifty|sixty|hundred)"
)
ABOUT = r"(?:(?:about|at least|at most|up to|over|under|nearly|almost|exactly|more than|less than|only) )?"
NAME = r"[A-Z][\w.'’-]+(?: (?:of|de|van|von|the|[A-Z][\w.'’-]+)){0,3} [A-Z][\w'’-]+"
UNITS = r"(?:second|minute|hour|day|week|month|year)"
_DATE = rf"(?:(?:\d{{1,2}} )?{_MONTH}(?: \d{{1,2}},?)?(?: \d{{4}})?|\d{{4}})"
_SCALE = r"(?: (?:million|billion|thousand|hundred))?"

AMOUNT = re.compile(rf"({ABOUT}{FIGURE}{_SCALE}) ([a-z][a-z-]+(?: [a-z-]+s)?)(?= |$)(.*)")
VALUE = re.compile(rf"{ABOUT}{FIGURE}(?: [\w%°]+){{0,2}}")
DATE = re.compile(
    rf"(.*?)\s?((?:in|on|since|until|by) (?:early |late )?"
    rf"(?:{_DATE}|the \d{{1,2}}(?:st|nd|rd|th)(?: century)?))"
)
OFTEN = re.compile(rf"(.*?)\s?(every (?:{FIGURE} )?(?:{UNITS}|night|morning)s?)")
WITHIN = re.compile(rf"(.*?)\s?(within|after|for) ({ABOUT}{FIGURE}) ({UNITS})s?")
WHY = re.compile(r"([^,]+?),? because (?!of\b)(.{12,})")
HOW = re.compile(r"([^,]+?) ((?:by [a-z]+ing|using|with the help of) [^,]{6,})")
CONDITION = re.compile(r"([^,]+?),? ((?:when|if|unless|until|as soon as|whenever) .{10,})")
PLACE = re.compile(
    r"(\w+) ((?:in|on|at|under|inside|below|above|beside|near) (?!\d|order\b|addition\b|accordance\b)"
    r"(?!.*\b(?:format|mode|case|manner|way)$).{4,60})"
)
PLACE_OF_OBJECT = re.compile(r"([^,]{4,60}?) ((?:in|under|inside|beside) the [^,]{3,50})")
USE = re.compile(r"used (?:only )?(for|to) (.{8,})")
FIXED = re.compile(
    r"(made of|made from|based on|called|named|known as|composed of|limited to|derived from|divided into"
    r"|rated for|set to|followed by|replaced by|replaced with|caused by|written in|named after"
    r"|responsible for"
    r"|equal to|stored as|represented by|open to|valid from|valid for) (.{2,90})"
)
AGENT = re.compile(
    r"(\w+(?:ed|en|wn|lt|ung|ade|ent|ld|und|ought)) (?:(.{1,25}) )?by"
    r" ((?:an?|the|each|every|its|their|[A-Z]\S+) ?.{3,60})"
)
