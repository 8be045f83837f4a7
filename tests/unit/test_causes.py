from __future__ import annotations

import importlib
import importlib.util
import string

import pytest

from celestial_nasops.fault import Cause

CATALOGUES = ("celestial_nasops.causes", "healthcheck.causes")


def catalogue(name: str) -> dict[str, Cause]:
    return {key: value for key, value in vars(importlib.import_module(name)).items() if isinstance(value, Cause)}


ALL = [
    pytest.param(name, cause, id=f"{module}.{name}")
    for module in CATALOGUES
    for name, cause in catalogue(module).items()
]


@pytest.mark.parametrize(("name", "cause"), ALL)
def test_an_entry_is_complete(name: str, cause: Cause) -> None:
    assert cause.code == name.lower()
    for text in (cause.summary, cause.remedy):
        assert text.strip() == text
        assert text.isprintable()
        assert text
        assert not text.endswith(".")  # the texts are put together with others


@pytest.mark.parametrize(("name", "cause"), ALL)
def test_a_template_has_named_fields_only(name: str, cause: Cause) -> None:
    for template in (cause.summary, cause.remedy):
        fields = [field for _, field, _, _ in string.Formatter().parse(template) if field is not None]
        assert all(field.isidentifier() for field in fields)


def test_codes_are_unique_over_both_catalogues() -> None:
    codes = [cause.code for module in CATALOGUES for cause in set(catalogue(module).values())]
    assert len(codes) == len(set(codes))
