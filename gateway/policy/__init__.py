"""Envelope and findings become a verdict; policy files become a Policy. Pure: no clock, file, log or socket.

`load_policy` reads the texts of a policy folder, `decide` judges a message, `advise` names the lawful way.
"""

from gateway.policy.advise import advise
from gateway.policy.decide import decide
from gateway.policy.load import PolicyError, load_policy
from gateway.policy.policy import Policy
from gateway.policy.verdict import Action, Advice, FollowUp, Judgement, Kind, Method, Route, Safety, Severity, Verdict

__all__ = [
    "Action",
    "Advice",
    "FollowUp",
    "Judgement",
    "Kind",
    "Method",
    "Policy",
    "PolicyError",
    "Route",
    "Safety",
    "Severity",
    "Verdict",
    "advise",
    "decide",
    "load_policy",
]
