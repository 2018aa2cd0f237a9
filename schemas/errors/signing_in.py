"""Nobody is signed in, or not any more."""

from schemas.errors.base import PermanentError


class NotSignedIn(PermanentError):
    """No token, or one that is not good any more."""

    title = "Not signed in"
    action = "Refresh the session, or sign in again."


class CredentialsWrong(NotSignedIn):
    """E-mail and password do not belong together; which of them is wrong is not told."""

    title = "E-mail or password is wrong"
    action = "Check both and try again."


class RefreshTokenInvalid(NotSignedIn):
    """Unknown, expired, or used before: then its whole session has been revoked."""

    title = "The session is over"
    action = "Sign in again."


class IdTokenInvalid(NotSignedIn):
    """Not issued by the provider, not for this app and sign-in, expired, or used before."""

    title = "The ID token is not good"
    action = "Sign in with the provider again, with a new nonce, and send the new token once."


class ResetTokenInvalid(NotSignedIn):
    """Unknown, expired, or used before."""

    title = "The code of the letter is not good, or not any more"
    action = "Ask for a new letter and use the newest; it works once."


class SignInTooOld(PermanentError):
    """What changes how an account is opened, or ends it, is for somebody who has just shown who they are."""

    title = "You signed in too long ago for this"
    action = "Sign in again on this device, and send it once more within ten minutes."


class PasswordWrong(PermanentError):
    """Somebody who is signed in does not know the password that this asks for."""

    title = "The password is wrong"
    action = "Check it and try again; a forgotten one is reset by a letter."
