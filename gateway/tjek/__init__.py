"""The guide's button "tjek", for anyone at the keyboard: may I send this there, how, and what does DNS say?

What is lawful comes from the policy alone. DNS is shown beside it: it can say that an address is wrong, never that
it is safe. No resolver, no network or no answer in time is `unknown`, never an error.
"""

from gateway.tjek.answer import Answer, Dns, Told
from gateway.tjek.ask import tjek
from gateway.tjek.lookup import Lookup
from gateway.tjek.show import as_record, as_text

__all__ = ["Answer", "Dns", "Lookup", "Told", "as_record", "as_text", "tjek"]
