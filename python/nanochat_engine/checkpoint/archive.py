"""The zip archive that torch.save writes, read as a table of where each record lies. No record is read here.

Torch stores records uncompressed, so a record's bytes are a range of the file, and all ranges lie in it side by side.
"""

from __future__ import annotations

import io
import os
import struct
import zipfile
from dataclasses import dataclass
from pathlib import Path

from nanochat_engine.errors import CheckpointCorrupt, CheckpointUnsafe

MAX_READ = 4 << 20
LOCAL_HEADER = struct.Struct("<4s22xHH")
SIGNATURE = b"PK\x03\x04"
ENCRYPTED = 1


@dataclass(frozen=True, slots=True)
class Record:
    """Bytes [offset, offset + size) of the file."""

    offset: int
    size: int


class BoundedFile(io.BufferedReader):
    """A file that refuses large reads: a forged directory could ask zipfile to hold all of it in memory."""

    def __init__(self, path: Path) -> None:
        super().__init__(io.FileIO(path))
        self.length = os.fstat(self.fileno()).st_size

    def read(self, size: int | None = -1, /) -> bytes:
        wanted = self.length - self.tell() if size is None or size < 0 else size
        if wanted > MAX_READ:
            raise CheckpointUnsafe(
                f"{self.name} asks for {wanted} bytes of directory or description; torch writes less than {MAX_READ}"
            )
        return super().read(size)


def read_archive(file: BoundedFile, source: str) -> dict[str, Record]:
    """Records by their name without the archive's folder: data.pkl, data/0, byteorder, ...

    Raises CheckpointCorrupt for a truncated or broken archive, CheckpointUnsafe for compressed, encrypted or overlapping records.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
    except (
        zipfile.BadZipFile,
        NotImplementedError,
        ValueError,
        struct.error,
        OverflowError,
        EOFError,
        OSError,
    ) as error:
        raise CheckpointCorrupt(f"{source} is truncated or not a readable archive: {error}") from error
    folders = {entry.filename.partition("/")[0] for entry in entries}
    records = {entry.filename.partition("/")[2]: _record(file, entry, source) for entry in entries}
    if len(folders) != 1 or len(records) != len(entries):
        raise CheckpointCorrupt(f"{source} holds several archives or a record twice")
    _check_disjoint(records, source)
    return records


def read_record(file: BoundedFile, record: Record) -> bytes:
    """The bytes of a small record. Raises CheckpointUnsafe above MAX_READ."""
    file.seek(record.offset)
    return file.read(record.size)


def _record(file: BoundedFile, entry: zipfile.ZipInfo, source: str) -> Record:
    if (
        entry.compress_type != zipfile.ZIP_STORED
        or entry.flag_bits & ENCRYPTED
        or entry.compress_size != entry.file_size
    ):
        raise CheckpointUnsafe(
            f"{source}: {entry.filename[:100]} is compressed or encrypted; torch stores records as they are"
        )
    if not 0 <= entry.header_offset <= file.length - LOCAL_HEADER.size:
        raise CheckpointCorrupt(f"{source}: {entry.filename[:100]} lies outside the file")
    file.seek(entry.header_offset)
    signature, name_length, extra_length = LOCAL_HEADER.unpack(file.read(LOCAL_HEADER.size))
    offset = entry.header_offset + LOCAL_HEADER.size + name_length + extra_length
    if signature != SIGNATURE or offset + entry.file_size > file.length:
        raise CheckpointCorrupt(f"{source}: {entry.filename[:100]} lies outside the file")
    return Record(offset, entry.file_size)


def _check_disjoint(records: dict[str, Record], source: str) -> None:
    end = 0
    for name, record in sorted(records.items(), key=lambda item: (item[1].offset, item[1].size)):
        if record.size and record.offset < end:
            raise CheckpointUnsafe(
                f"{source}: {name[:100]} overlaps another record, so the file claims more than it holds"
            )
        end = max(end, record.offset + record.size)
