"""The board of board.cpp, as the driver sees it."""
import mmap
import os
import struct

MOST_MUTANTS = 32768


class Board:
    def __init__(self, path):
        self.path = path
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        os.ftruncate(file, 8 + MOST_MUTANTS)
        self.memory = mmap.mmap(file, 8 + MOST_MUTANTS)
        os.close(file)

    def begin(self, mutant):
        """No mutant is 0."""
        self.memory[:] = struct.pack("ii", mutant, 0) + bytes(MOST_MUTANTS)

    def finished(self):
        return struct.unpack_from("ii", self.memory)[1]

    def visited(self):
        found, at = set(), self.memory.find(b"\1", 8)
        while at >= 0:
            found.add(at - 8)
            at = self.memory.find(b"\1", at + 1)
        return found
