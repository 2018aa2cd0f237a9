"""Languages that Whisper knows."""

from typing import Annotated

from pydantic import AfterValidator, Field

_CODES = (
    "af am ar as az ba be bg bn bo br bs ca cs cy da de el en es et eu fa fi fo fr gl gu ha haw he hi hr ht "
    "hu hy id is it ja jw ka kk km kn ko la lb ln lo lt lv mg mi mk ml mn mr ms mt my ne nl nn no oc pa pl ps "
    "pt ro ru sa sd si sk sl sn so sq sr su sv sw ta te tg th tk tl tr tt uk ur uz vi yi yo yue zh"
)
LANGUAGES = frozenset(_CODES.split())
"""ISO 639-1 codes, three letters where there are no two (Radford et al. 2022, tokenizer of the large-v3 model)."""


def _known(code: str) -> str:
    if code not in LANGUAGES:
        raise ValueError("not a language that Whisper knows; send an ISO 639-1 code such as en")
    return code


Language = Annotated[str, Field(max_length=3, examples=["en"]), AfterValidator(_known)]
"""ISO 639-1 (three letters where there are no two)."""
