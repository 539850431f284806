import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecompress.firmware.sources.identifiers import MAX_LENGTH, identifier, unique_identifiers

VALID = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("kws", "kws"),
        ("KWS DS-CNN.v2", "kws_ds_cnn_v2"),
        ("__reserved__", "reserved"),
        ("3d-print", "model_3d_print"),
        ("class", "class_model"),
        ("std", "std_model"),
        ("signal", "signal_model"),  # an Arduino library has a header of its name
        ("Arena", "arena_model"),
        ("naïve café", "naive_cafe"),
        ("../../etc/passwd", "etc_passwd"),
        ('a"; system("rm -rf /")', "a_system_rm_rf"),
    ],
)
def test_a_name_becomes_the_identifier_a_person_would_choose(name: str, expected: str) -> None:
    assert identifier(name) == expected


@given(st.text())
def test_any_text_becomes_a_valid_identifier_without_reserved_underscores(name: str) -> None:
    made = identifier(name)
    assert VALID.fullmatch(made)
    assert len(made) <= MAX_LENGTH


def test_names_that_lose_their_letters_stay_different() -> None:
    names = ["模型", "モデル", "", "a" * 40, "a" * 41]
    assert len({identifier(name) for name in names}) == len(names)


@given(st.lists(st.sampled_from(["a", "A", "a ", "a_2", "a 2", "é", "e", "x" * 30, "", "/"])))
def test_no_two_identifiers_are_alike_even_as_macros(names: list[str]) -> None:
    made = unique_identifiers(names)
    assert len({name.upper() for name in made}) == len(names)
    assert all(VALID.fullmatch(name) and len(name) <= MAX_LENGTH for name in made)
