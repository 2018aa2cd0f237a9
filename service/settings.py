"""Settings of the API. Each is read from the environment as TANDEM_<NAME>."""

from ipaddress import ip_network
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from service.issuers import APPLE, APPLE_KEYS, GOOGLE, Issuer, read_issuer
from store.settings import StoreSettings


class ServiceSettings(StoreSettings):
    """Where it listens and what it accepts."""

    host: str = "127.0.0.1"
    """Address to listen on. 0.0.0.0 for every interface."""
    port: int = Field(default=8000, ge=1, le=65535)
    """Port to listen on."""
    max_recording_megabytes: float = Field(default=100, gt=0)
    """Largest recording, in MB (10^6 bytes)."""
    max_account_gigabytes: float = Field(default=50, gt=0)
    """Room for the recordings of an account, in GB (10^9 bytes)."""
    max_wait_seconds: float = Field(default=30, ge=0)
    """Longest long poll."""
    ready_pending_seconds: float = Field(default=900, gt=0)
    """/readyz answers 503 when work has waited longer than this."""
    rate_limits: str = Field(default="on", pattern="^(on|off)$")
    """`on`, or `off` where something in front of the API counts requests."""
    trusted_proxies: str = "127.0.0.1"
    """Addresses or networks, separated by commas, whose X-Forwarded-For and -Proto are believed. Empty: nobody's."""
    cors_origins: str = ""
    """Origins, separated by commas, whose pages a browser lets use the API, e.g. https://app.example.org."""
    apple_client_ids: str = ""
    """Ids of our apps at Apple, separated by commas: bundle ids, or Services IDs. Empty: nobody signs in with Apple."""
    google_client_ids: str = ""
    """Ids of our apps at Google, separated by commas; for Android that of the web client. Empty: nobody signs in with
    Google."""
    oidc_issuers: str = ""
    """Others, separated by commas, each as name=https://issuer|client-id|another-client-id."""

    @property
    def issuers(self) -> tuple[Issuer, ...]:
        """Whose ID tokens are taken."""
        known = (
            Issuer("apple", APPLE, frozenset(_items(self.apple_client_ids)), keys_url=APPLE_KEYS),
            Issuer("google", GOOGLE, frozenset(_items(self.google_client_ids))),
        )
        return *filter(lambda issuer: issuer.client_ids, known), *map(read_issuer, _items(self.oidc_issuers))

    @property
    def max_recording_bytes(self) -> int:
        """The limit in bytes."""
        return int(self.max_recording_megabytes * 1_000_000)

    @property
    def allowed_origins(self) -> tuple[str, ...]:
        """Each origin of `cors_origins`."""
        return _items(self.cors_origins)

    @field_validator("trusted_proxies")
    @classmethod
    def _are_networks(cls, value: str) -> str:
        """A name would never match, and `*` would believe everybody."""
        for item in _items(value):
            try:
                ip_network(item)
            except ValueError:
                raise ValueError(f"{item!r} is no address and no network, such as 10.0.0.0/8") from None
        return value

    @field_validator("cors_origins")
    @classmethod
    def _are_origins(cls, value: str) -> str:
        for item in _items(value):
            if not _is_origin(item):
                raise ValueError(f"{item!r} is no origin: name each, as https://app.example.org; `*` is not allowed")
        return value

    @field_validator("oidc_issuers")
    @classmethod
    def _are_issuers(cls, value: str) -> str:
        """An issuer under two names would be two ways into one account."""
        issuers = [read_issuer(item) for item in _items(value)]
        for told in ([issuer.name for issuer in issuers], [issuer.url for issuer in issuers]):
            if len({"apple", "google", APPLE, GOOGLE, *told}) != len(told) + 4:
                raise ValueError(
                    "each issuer has one name and one place in it; apple and google have their own setting"
                )
        return value


def _items(value: str) -> tuple[str, ...]:
    return tuple(item.strip() for item in value.split(",") if item.strip())


def _is_origin(text: str) -> bool:
    """Written as a browser sends it: scheme, host in lower case, port if it is not the scheme's own, no more."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    host = parts.netloc.removesuffix(f":{port}")
    usual = {"https": 443, "http": 80}
    is_whole = text == f"{parts.scheme}://{parts.netloc}" and "@" not in host and "*" not in host
    return parts.scheme in usual and bool(host) and host == host.lower() and port != usual[parts.scheme] and is_whole
