"""Passwords: how they are changed, and set anew by somebody who has forgotten theirs."""

from schemas.account import Email, Password, Secret
from schemas.base import Schema


class PasswordResetCreate(Schema):
    """I have forgotten mine."""

    email: Email


class PasswordResetRead(Schema):
    """The same for every e-mail, whether or not there is an account."""

    minutes: int
    """How long the code works, once the letter with it is sent."""


class PasswordResetConfirm(Schema):
    """The code of the letter, and the password to be."""

    token: Secret
    password: Password


class PasswordUpdate(Schema):
    """Change it, knowing the present one."""

    current_password: Secret
    password: Password
