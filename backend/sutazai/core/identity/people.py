"""What there is to do about people: the services of identity in one bundle."""

from dataclasses import dataclass

from sutazai.core.identity.audit import Audit
from sutazai.core.identity.guesses import Guesses
from sutazai.core.identity.keys import Keys
from sutazai.core.identity.profile import Profile
from sutazai.core.identity.programs import ProgramLogins
from sutazai.core.identity.users import Users


@dataclass(frozen=True, slots=True)
class People:
    """Look after users, keys and tenants, and read what happened."""

    users: Users
    keys: Keys
    profile: Profile
    programs: ProgramLogins
    audit: Audit
    guesses: Guesses
