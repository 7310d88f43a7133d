# SPDX-License-Identifier: GPL-2.0-or-later
"""powerloss.py - takes back what powerloss.c saw and nobody synced

recover() is called when the process is dead: then the folder looks as after a
loss of power. With `some`, chance decides page by page and name by name what
the disk had written by itself, which is the more cruel case: a commit's frames
without those before them.
"""

import os
import struct
from pathlib import Path

HEAD = struct.Struct("=QQQIIQ8s")
PAGE = 4096


class Entry:
    def __init__(self, at, head, path, other, data):
        (self.inode, self.offset, self.size, _, _, _, kind) = head
        self.at, self.data = at, data
        self.kind = kind.rstrip(b"\0").decode()
        self.path, self.other = os.fsdecode(path), os.fsdecode(other)


def read_log(path):
    if not path.exists():
        return []
    log, at, entries = path.read_bytes(), 0, []
    while at + HEAD.size <= len(log):
        head = HEAD.unpack_from(log, at)
        start = at + HEAD.size
        ends = [start + head[3], start + head[3] + head[4],
                start + head[3] + head[4] + head[5]]
        if ends[2] > len(log):
            break   # killed while writing it: nothing was changed yet
        entries.append(Entry(at, head, log[start:ends[0]],
                             log[ends[0]:ends[1]], log[ends[1]:ends[2]]))
        at = ends[2]
    return entries


def pending(entries):
    """Those that no sync came behind."""
    synced, folders = {}, {}
    for entry in entries:
        if entry.kind == "sync":
            synced[entry.inode] = max(synced.get(entry.inode, 0),
                                      entry.offset)
        elif entry.kind == "dirsync":
            folders[entry.path] = max(folders.get(entry.path, 0),
                                      entry.offset)
    for entry in entries:
        if entry.kind in ("write", "size"):
            if entry.at >= synced.get(entry.inode, 0):
                yield entry
        elif entry.kind in ("create", "rename", "unlink", "mkdir"):
            if entry.at >= folders.get(os.path.dirname(entry.path), 0):
                yield entry


def inodes(*folders):
    return {path.stat().st_ino: path for folder in folders
            for path in Path(folder).rglob("*")
            if path.is_file() and not path.is_symlink()}


class Names:
    """Takes back changes of names, the last one first."""

    @staticmethod
    def create(entry):
        Path(entry.path).unlink(missing_ok=True)

    @staticmethod
    def rename(entry):
        to, saved = entry.other.split("\n")
        if Path(to).exists():
            os.rename(to, entry.path)
        if saved:
            os.link(saved, to)

    @staticmethod
    def unlink(entry):
        if not Path(entry.path).exists():
            os.link(entry.other, entry.path)

    @staticmethod
    def mkdir(entry):
        try:
            os.rmdir(entry.path)
        except OSError:
            pass   # something in it was synced: so was its name


def clear_new_pages(file, at, lose):
    """The file had grown, but what was in its new pages is lost."""
    end = os.fstat(file.fileno()).st_size
    while at < end:
        step = min(PAGE - at % PAGE, end - at)
        if lose(at // PAGE):
            os.pwrite(file.fileno(), bytes(step), at)
        at += step


def restore_file(path, entries, lose):
    """lose(page) says whether what is in a page now is lost."""
    with open(path, "r+b") as file:
        if lose("size"):
            os.ftruncate(file.fileno(), max(e.size for e in entries))
        for entry in reversed(entries):
            at, data = entry.offset, entry.data
            while data:
                step = PAGE - at % PAGE
                if lose(at // PAGE):
                    os.pwrite(file.fileno(), data[:step], at)
                at, data = at + step, data[step:]
        if lose("size"):
            os.ftruncate(file.fileno(), entries[0].size)
        else:
            clear_new_pages(file, entries[0].size, lose)


def recover(watch, journal, chance=None):
    """chance: a random.Random, or None to lose all. How much was lost:
    (writes, names)."""
    journal = Path(journal)
    left = list(pending(read_log(journal / "log")))
    decided = {}

    def lose(key):
        if chance is None:
            return True
        return decided.setdefault(key, chance.random() < 0.5)
    where = inodes(watch, journal)
    files = {}
    for entry in left:
        if entry.kind in ("write", "size") and entry.inode in where:
            files.setdefault(entry.inode, []).append(entry)
    for inode, entries in files.items():
        restore_file(where[inode], entries,
                     lambda page, inode=inode: lose((inode, page)))
    names = [e for e in left if e.kind not in ("write", "size")]
    for entry in reversed(names):
        if lose(entry.at):
            getattr(Names, entry.kind)(entry)
    for path in Path(watch).glob("*-shm"):
        path.unlink()
    for path in journal.iterdir():
        path.unlink()
    return sum(map(len, files.values())), len(names)
