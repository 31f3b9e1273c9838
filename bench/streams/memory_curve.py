"""What a function costs by its memory setting, computed from measured processor time.

Lambda gives a function processors in proportion to its memory, one at 1,769 MB, and bills
memory × time (AWS Lambda developer guide, "Configure Lambda function memory"). So a function
takes the longer of two times: its processor time over its share of a processor, and the time
that the network needs. Where the processor is the brake, time × memory stays the same; where
the network is, more memory only costs more. No gain from a second processor is assumed.
"""

from dataclasses import dataclass

MB_FOR_ONE_PROCESSOR = 1769  # AWS Lambda developer guide
SETTINGS_MB = (384, 512, 640, 768, 1024, 1280, 1536, 1769, 2048, 3008)
DOLLARS_FOR_GB_SECOND = 0.0000133334  # arm64, first tier (AWS Lambda pricing)
NETWORK_MB_PER_SECOND = (75.0, 300.0)
"""Assumed, in one direction: AWS documents no figure."""


@dataclass(frozen=True, slots=True)
class Stream:
    """A file of `file_bytes` took `cpu_seconds`, measured on one core over TLS."""

    file_bytes: int
    cpu_seconds: float

    def seconds(self, memory_mb: int, network: float) -> float:
        """How long the file takes. `network`: MB a second."""
        share = min(1.0, memory_mb / MB_FOR_ONE_PROCESSOR)
        return max(self.cpu_seconds / share, self.file_bytes / 1e6 / network)

    def dollars(self, memory_mb: int, network: float) -> float:
        """What the file costs; Lambda's GB is 1,024 MB."""
        return self.seconds(memory_mb, network) * memory_mb / 1024 * DOLLARS_FOR_GB_SECOND
