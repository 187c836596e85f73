"""The vector registers of a thread, as ISA-L leaves them.

It does not clear their upper halves, and until that is done whatever uses the lower ones by older instructions waits
for them: on the machine of the benchmarks SHA-256 takes two fifths longer, and zlib a quarter. No library has a word
for the one instruction that clears them, but SHA-512 of OpenSSL ends with it where the processor has such registers.
"""

from hashlib import sha512

__all__ = ["clear_registers"]

# The shortest text that takes the way over the registers.
_TEXT = bytes(128)


def clear_registers() -> None:
    """Have this thread hash at full speed, after a call to ISA-L; less than a microsecond."""
    sha512(_TEXT)
