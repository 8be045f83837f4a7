"""The shape of the catalogue's entries."""

from __future__ import annotations

from dataclasses import dataclass

from celestial_nasops.fault import Cause


@dataclass(frozen=True, slots=True)
class Text:
    """What explains a cause: a title, and in two to four sentences what it means, what leads to it, what is safe."""

    title: str
    explanation: str


@dataclass(frozen=True, slots=True)
class Translation(Text):
    """The same in another language, with the templates that the cause itself holds in English."""

    summary: str
    remedy: str
    remedy_by_sftp: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One cause of the catalogue. ``where``: the probes, or the parts of the programs, that name it."""

    cause: Cause
    where: tuple[str, ...]
    en: Text
    zh: Translation

    @property
    def en_whole(self) -> Translation:
        """The English text with the English templates."""
        cause = self.cause
        return Translation(self.en.title, self.en.explanation, cause.summary, cause.remedy, cause.remedy_by_sftp)

    def text(self, tag: str) -> Translation:
        """All of it in a language, ``en`` or ``zh``."""
        return self.zh if tag == "zh" else self.en_whole
