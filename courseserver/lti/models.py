"""Platforms we trust, our keys, and the short-lived rows of launches in flight."""

from django.db import models

from courseserver.common.ids import new_id


def _platform_id() -> str:
    return new_id("plt")


class Platform(models.Model):
    """One row per (issuer, client, deployment)."""

    id = models.CharField(primary_key=True, max_length=32, default=_platform_id, editable=False)
    issuer = models.CharField(max_length=255)
    client_id = models.CharField(max_length=255)
    deployment_id = models.CharField(max_length=255)
    auth_url = models.URLField(max_length=500)
    token_url = models.URLField(max_length=500)
    jwks_url = models.URLField(max_length=500)
    # The token's audience where it differs from the token URL.
    auth_audience = models.CharField(max_length=500, blank=True)
    product = models.CharField(max_length=64, blank=True)
    name = models.CharField(max_length=255, blank=True)
    # Origins that may frame us besides those of the issuer and the authorisation address.
    frame_origins = models.JSONField(default=list, blank=True)
    approved = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["issuer", "client_id", "deployment_id"], name="platform_unique"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name or self.issuer} ({self.client_id}, {self.deployment_id})"


class ToolKey(models.Model):
    """One RSA key of ours. It is published before it signs and for a while after."""

    kid = models.CharField(primary_key=True, max_length=64)
    private_key_encrypted = models.TextField()
    public_jwk = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True)
    signs_from = models.DateTimeField()
    published_until = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.kid


class LoginState(models.Model):
    """A login sent to a platform: what its answer must match, once. Secrets are kept as hashes."""

    state_hash = models.CharField(primary_key=True, max_length=64)
    browser_hash = models.CharField(max_length=64)
    nonce_hash = models.CharField(max_length=64)
    issuer = models.CharField(max_length=255)
    client_id = models.CharField(max_length=255)
    login = models.JSONField()
    expires_at = models.DateTimeField(db_index=True)
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"login at {self.issuer} until {self.expires_at:%T}"


class PendingLogin(models.Model):
    """A login held back until we know whether this browser keeps our cookies; used once."""

    code_hash = models.CharField(primary_key=True, max_length=64)
    login = models.JSONField()
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"login held until {self.expires_at:%T}"


class HandOver(models.Model):
    """A proven launch in a frame that keeps no cookie: what its session will hold, once, in a tab
    of its own.
    """

    code_hash = models.CharField(primary_key=True, max_length=64)
    session = models.JSONField()
    address = models.CharField(max_length=500)
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"session held until {self.expires_at:%T}"


class RegistrationInvite(models.Model):
    """A one-time address for a platform's administrator to register their platform (1EdTech
    Dynamic Registration). `offer_encrypted` keeps what the platform offered until it is confirmed.
    """

    code_hash = models.CharField(primary_key=True, max_length=64)
    name = models.CharField(max_length=255, blank=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    offer_encrypted = models.TextField(blank=True)
    confirm_hash = models.CharField(max_length=64, blank=True)

    def __str__(self) -> str:
        return f"invitation {self.name or 'without a name'} until {self.expires_at:%F}"


class LegacyConsumer(models.Model):
    """A key and secret that a registration used under LTI 1.1: proof of who its people were."""

    issuer = models.CharField(max_length=255)
    client_id = models.CharField(max_length=255)
    key = models.CharField(max_length=255)
    secret_encrypted = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["issuer", "client_id", "key"], name="legacy_consumer_unique"
            )
        ]

    def __str__(self) -> str:
        return f"{self.key} at {self.issuer} ({self.client_id})"


class LineItem(models.Model):
    """A gradebook column we found or made, so that a lost reply never makes a second one."""

    platform = models.ForeignKey(Platform, on_delete=models.CASCADE)
    line_items_url = models.URLField(max_length=1000)
    resource_id = models.CharField(max_length=255)
    tag = models.CharField(max_length=255, blank=True)
    url = models.URLField(max_length=1000, blank=True)
    leased_until = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["platform", "line_items_url", "resource_id", "tag"],
                name="line_item_unique",
            )
        ]

    def __str__(self) -> str:
        return self.url or f"{self.resource_id} (not made yet)"
