"""A flatbuffer builder that writes every object once, however often the model names it.

Objects of a flatbuffer are found by offsets, and several offsets may lead to one place. Two tables
are equal when their fields are; a field that is an offset leads to something that was written only
once, so equal offsets stand for equal contents all the way down.
"""
# ruff: noqa: D102, N802, N803 - what flatbuffers.Builder calls and documents so

from typing import Any

import flatbuffers
from flatbuffers.number_types import UOffsetTFlags

_LENGTH_BYTES = 4  # of the count before the elements of a vector or string


class SharingBuilder(flatbuffers.Builder):  # type: ignore[misc] # flatbuffers is not typed
    """Returns the offset of an equal string, vector or table where there is one.

    The fields of a table are written largest first, which leaves the least padding between them.
    """

    head: int  # where the bytes written so far begin

    def __init__(self) -> None:
        super().__init__()
        self._written: dict[Any, int] = {}  # content -> offset
        self._fields: list[tuple[int, int, Any, Any]] = []  # of the open table
        self._targets: list[int] = []  # of the open vector, if it is one of offsets
        self._before = 0  # the offset at which the open vector began
        self._elements_bytes = 0

    def AlignedVector(self, content: bytes, alignment: int) -> int:
        """Write a vector of bytes whose first lies at a multiple of `alignment` in the file."""
        self.StartVector(1, len(content), alignment)
        self.head -= len(content)
        self.Bytes[self.head : self.head + len(content)] = content
        return self.EndVector()

    def CreateString(self, s: str | bytes, encoding: str = "utf-8", errors: str = "strict") -> int:
        content = s.encode(encoding, errors) if isinstance(s, str) else s
        self._open_vector(len(content) + 1)  # a zero ends it
        offset: int = super().CreateString(content)
        return offset

    def StartVector(self, elemSize: int, numElems: int, alignment: int) -> int:
        self._open_vector(elemSize * numElems)
        offset: int = super().StartVector(elemSize, numElems, alignment)
        return offset

    def _open_vector(self, elements_bytes: int) -> None:
        self._before, self._elements_bytes, self._targets = self.Offset(), elements_bytes, []

    def PrependUOffsetTRelative(self, off: int) -> None:
        self._targets.append(off)
        super().PrependUOffsetTRelative(off)

    def EndVector(self, numElems: int | None = None) -> int:
        offset: int = super().EndVector(numElems)
        end = self.head + _LENGTH_BYTES + self._elements_bytes
        # Offsets are relative to their place: the bytes differ though they lead to the same.
        content = tuple(self._targets) or bytes(self.Bytes[self.head : end])
        known = self._written.setdefault(content, offset)
        if known != offset:
            self.head = len(self.Bytes) - self._before
        return known

    def StartObject(self, numfields: int) -> None:
        super().StartObject(numfields)
        self._fields = []

    def PrependSlot(self, flags: Any, o: int, x: Any, d: Any) -> None:
        if x != d:
            self._fields.append((-flags.bytewidth, o, flags, x))

    def PrependUOffsetTRelativeSlot(self, o: int, x: int, d: int) -> None:
        self.PrependSlot(UOffsetTFlags, o, x, d)

    def EndObject(self) -> int:
        fields = tuple(sorted(self._fields, key=lambda field: field[:2]))
        if fields in self._written:
            self.nested, self.current_vtable = False, None
            return self._written[fields]
        for _, slot, flags, value in fields:
            if flags is UOffsetTFlags:
                self.PrependUOffsetTRelative(value)
            else:
                self.Prepend(flags, value)
            self.Slot(slot)
        offset: int = super().EndObject()
        self._written[fields] = offset
        return offset
