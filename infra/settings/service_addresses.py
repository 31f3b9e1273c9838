"""Where Pipeline finds its coding service: the settings, or CodingService's own stack."""

from dataclasses import dataclass

from infra.settings.settings import Settings


@dataclass(frozen=True)
class ServiceAddresses:
    """Addresses of a coding service; each may be a token that CloudFormation resolves."""

    service_url: str
    """Base address in front of `/v1`, no slash at the end."""
    auth_url: str
    """Base address in front of `/oauth2/token`, no slash at the end."""
    presigned_hosts: tuple[str, ...]
    """Patterns (as fnmatch has them) of the hosts that its presigned URLs name."""

    @classmethod
    def from_settings(cls, settings: Settings) -> "ServiceAddresses | None":
        """The addresses that the settings name; None where they name none.

        A deployment that names addresses drives that service, whatever else it deploys.
        """
        if not settings.service_url:
            return None
        return cls(settings.service_url, settings.auth_url, settings.presigned_hosts)
