"""How often somebody may request a page of the sign-in: 120 times a minute."""

from typing import Final

from assignments.views.rate_limits import at_most

# All pages of the sign-in count together, per IP address, because nobody is signed in yet.
limit_sign_ins: Final = at_most("120/m", of="sign-in")
