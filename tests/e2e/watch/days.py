"""Simulated days: what a stack and AWS write while people sign in, and while something is wrong.

A `World` is a normal one. Each fault overrides what is different while it lasts.
"""

import functools
import random
from dataclasses import dataclass, field

from .alarms import DAY
from .metrics import Metric, Written

# Days before the one that is looked at, from which the usual is known. The last day is a Wednesday.
HISTORY = 9
FAULT_BEGINS = 600
# Share of the day's sign-ins in each hour.
HOURS = [1, 1, 1, 1, 1, 2, 4, 7, 9, 9, 8, 7, 6, 6, 6, 6, 6, 6, 7, 7, 6, 4, 3, 2]
COUNTRIES = {"US": 70, "CA": 20, "GB": 10}
POLLS = 8


class World:
    """A normal day of a stack that sends by SNS and places calls."""

    logins = 5_000
    parameters = {}
    hours = 24

    def __init__(self):
        self.written = Written()
        self.random = random.Random(15)
        self.today = False

    # What a fault can change, for the time that it lasts.

    def busy(self):
        """How many sign in, as a share of a weekday's."""
        return 1.0

    def accepts(self, channel):
        """What the provider says: "accepted", "fault", or why AWS refuses."""
        return "fault" if self.random.random() < 0.001 else "invalid" if channel == "sms" and self.random.random() < 0.004 else "accepted"

    def seconds_to_accept(self, channel):
        return self.random.lognormvariate(-1.2 if channel == "sms" else -0.7, 0.3)

    def converts(self, channel):
        return 0.88 if channel == "sms" else 0.8

    def arrives(self, country):
        return 0.96

    def answers(self, function):
        """What a request gets: "fine", "crash", "throttled", "limited" (429) or "unauthorized"."""
        return "unauthorized" if self.random.random() < 0.003 else "fine"

    def reports_back(self):
        """Whether webhooks come."""
        return True

    def has_receipts(self):
        return self.parameters.get("SmsProvider") == "end-user-messaging"

    def also(self, minute):
        """What else happens in a minute."""

    def canary(self):
        """Whether the canary's sign-in succeeds, as 1 or 0. None if it doesn't run."""
        return 1

    def asks(self):
        """What the triggers answer a user pool: "fine" or "crash"."""
        return "fine"

    def cognito(self, minute):
        """Three users of a pool in a minute, each with six questions. Cognito asks three times where it gets an error."""
        for _ in range(3):
            answer = self.asks()
            times = 6 if answer == "fine" else 3
            self.aws("AWS/Lambda", "Invocations", minute, times, FunctionName="CognitoFunction")
            if answer == "crash":
                self.aws("AWS/Lambda", "Errors", minute, times, FunctionName="CognitoFunction")

    def refused_at_entras_door(self, step):
        """Why a request is refused. Some people come too late, with a page that was left open."""
        return "hint-age" if self.random.random() < 0.01 else None

    # How a day goes.

    def day(self, number, changed=None):
        """Simulates a day. `changed` takes over while the fault lasts."""
        weekend = 0.4 if number % 7 in (4, 5) else 1.0
        for minute in range(DAY):
            faulty = changed and FAULT_BEGINS <= minute < FAULT_BEGINS + 60 * changed.hours
            world = changed if faulty else self
            expected = world.logins * weekend * world.busy() * HOURS[minute // 60] / sum(HOURS) / 60
            for _ in range(world.arrivals(expected)):
                world.login(number * DAY + minute)
            if "CanarySecretArn" in world.parameters and minute % 180 == 30 and (signed_in := world.canary()) is not None:
                world.ours("CanarySucceeded", "CanaryFunction", number * DAY + minute, signed_in, Channel="sms")
            if world.today and "CognitoUserPoolArn" in world.parameters:
                world.cognito(number * DAY + minute)
            if world.today:
                world.account(number * DAY + minute, minute)
                world.also(number * DAY + minute)

    def arrivals(self, expected):
        """A Poisson number."""
        count, at = 0, self.random.expovariate(1.0)
        while at < expected:
            count, at = count + 1, at + self.random.expovariate(1.0)
        return count

    def login(self, minute):
        if "EntraTenantIds" in self.parameters and self.today and not self.comes_from_entra(minute):
            return
        if self.today:
            self.request(minute, "LoginPageFunction", 4)
        channel = "sms" if self.random.random() < 0.7 else "call"
        country = self.random.choices(list(COUNTRIES), COUNTRIES.values())[0]
        for _ in range(3):
            used = self.attempt(minute, channel, "US" if channel == "call" and country == "CA" else country)
            if used and self.today and "EntraTenantIds" in self.parameters:
                self.comes_from_entra(minute, "answered")
            if used or self.random.random() < 0.5:
                return
            minute += 1

    def comes_from_entra(self, minute, step="begun"):
        """A form for authorize: it begins the login, or answers it. Says whether it succeeded."""
        if not self.request(minute, "AuthorizeFunction"):
            return False
        refused = self.refused_at_entras_door(step)
        if refused:
            self.ours("EntraRefused", "AuthorizeFunction", minute, Reason=refused)
        if not refused or refused.startswith("hint-"):  # these people's hints are signed by Entra, whatever is wrong with them
            self.ours("EntraLogins", "AuthorizeFunction", minute, Step="refused" if refused else step)
        return not refused

    def attempt(self, minute, channel, country):
        """Asks for a code or a call; says whether the sign-in succeeded."""
        if self.today and not self.request(minute, "StartChallengeFunction"):
            return False
        if not self.send(minute, channel, country):
            return False
        if self.today:
            self.request(minute, "GetChallengeFunction", POLLS)
        takes = self.random.lognormvariate(3.2, 0.5)
        if self.random.random() >= self.converts(channel):
            return False
        by = "VerifyCodeFunction" if channel == "sms" else "GetChallengeFunction"
        if self.today and not self.request(minute, by):
            return False
        self.ours("Converted", by, minute + takes // 60, Channel=channel)
        if self.today:
            self.ours("Converted", by, minute + takes // 60, Channel=channel, Country=country)
            self.ours("ApprovalTime", by, minute + takes // 60, takes * 1000, Channel=channel)
        return True

    def send(self, minute, channel, country):
        start, outcome = "StartChallengeFunction", self.accepts(channel)
        if outcome == "fault" or channel == "call" and outcome != "accepted":
            self.ours("ProviderFailed", start, minute, Channel=channel)
        elif outcome != "accepted":
            self.ours("SmsRefused", start, minute, Reason=outcome)
        else:
            took = self.seconds_to_accept(channel) * 1000
            self.ours("SendLatency", start, minute, took, Channel=channel)
            if self.today:
                self.ours("SendLatency", start, minute, took, Channel=channel, Country=country)
                self.follow(minute, channel, country)
        return outcome == "accepted"

    def follow(self, minute, channel, country):
        """What comes back of a send."""
        if channel == "call":
            for event in ("status", "answer", "digits", "status") if self.reports_back() else ():
                self.ours("Webhooks", "CallCallbackFunction", minute, Event=event)
                self.request(minute, "CallCallbackFunction")
            return
        arrived = self.random.random() < self.arrives(country)
        if self.parameters.get("SmsProvider") != "end-user-messaging":
            self.aws("AWS/SNS", "SMSSuccessRate", minute, float(arrived), SMSType="Transactional", Country=country)
        elif self.has_receipts():
            self.receipt(minute, arrived, country)

    def receipt(self, minute, arrived, country):
        receipts, name = "MessageReceiptsFunction", "MessageDelivered" if arrived else "MessageFailed"
        self.ours("Receipts", receipts, minute, Outcome="recorded")
        for more in ({}, {"Country": country}):
            self.ours(name, receipts, minute, Channel="sms", **more)
            self.ours("MessagePrice", receipts, minute, 0.009, Channel="sms", **more)
        if arrived:
            self.ours("DeliveryTime", receipts, minute, self.random.lognormvariate(8.3, 0.4), Channel="sms")

    def request(self, minute, function, times=1):
        """A request to the API; says whether it was answered."""
        answer = self.answers(function)
        self.aws("AWS/ApiGateway", "Count", minute, 1.0, times, ApiId="Api")
        if answer in ("unauthorized", "limited"):
            self.put("AllianceMfa/alliance-mfa", "RefusedRequests", minute, times, Status="401" if answer == "unauthorized" else "429")
            return False
        if answer == "throttled":
            self.aws("AWS/Lambda", "Throttles", minute, times, FunctionName=function)
        else:
            self.aws("AWS/Lambda", "Invocations", minute, times, FunctionName=function)
            self.aws("AWS/Lambda", "Duration", minute, self.random.lognormvariate(2.7, 0.5), FunctionName=function)
            self.aws("AWS/DynamoDB", "ConsumedWriteCapacityUnits", minute, 0 if function == "GetChallengeFunction" else 4.0, TableName="Table")
        if answer == "crash":
            self.aws("AWS/Lambda", "Errors", minute, times, FunctionName=function)
        if answer in ("crash", "throttled"):
            self.aws("AWS/ApiGateway", "5xx", minute, times, ApiId="Api")
        return answer == "fine"

    def account(self, minute, of_day):
        """What is written every minute, and the accidents of a normal day."""
        for function in ("AuditEventsFunction", "FollowUpFunction"):
            self.aws("AWS/Lambda", "IteratorAge", minute, self.age(minute), FunctionName=function)
        self.aws("AWS/SNS", "SMSMonthToDateSpentUSD", minute, self.spent(of_day))
        if of_day % 300 == 7:  # a cold start is throttled, a function crashes once, a network is refused
            self.aws("AWS/Lambda", "Throttles", minute, 1.0, FunctionName="StartChallengeFunction")
            self.aws("AWS/ApiGateway", "5xx", minute, 1.0, ApiId="Api")
            self.aws("AWS/Lambda", "Errors", minute, 1.0, FunctionName="VerifyCodeFunction")
            self.ours("StartRefused", "StartChallengeFunction", minute, 3, Reason="network")
            self.ours("StartRefused", "StartChallengeFunction", minute, Reason="subject-short")
        if "EntraTenantIds" in self.parameters and of_day % 60 < 20:  # a scanner posts rubbish
            self.request(minute, "AuthorizeFunction", 20)
            self.ours("EntraRefused", "AuthorizeFunction", minute, 20, Reason="client")
        if of_day == 800:
            self.ours("FraudSigns", "AuditEventsFunction", minute, Type="fraud.reported")

    def age(self, minute):
        return 400.0

    def spent(self, of_day):
        return 120 + of_day / 100

    def ours(self, name, function, minute, value=1.0, **dimensions):
        self.put("AllianceMfa", name, minute, value, FunctionName=function, **dimensions)

    def aws(self, namespace, name, minute, value, weight=1, **dimensions):
        self.put(namespace, name, minute, value, weight, **dimensions)

    def put(self, namespace, name, minute, value, weight=1, **dimensions):
        self.written.put(Metric(namespace, name, tuple(dimensions.items())), minute, value, weight)


@dataclass(frozen=True)
class Day:
    """A day to look at, and what must fire within how many minutes of its fault."""

    name: str
    fault: type | None = None
    must_fire: dict = field(default_factory=dict)
    parameters: dict = field(default_factory=dict)
    logins: int = World.logins
    number: int = HISTORY
    new: bool = False

    @property
    def days(self):
        return self.number + 1

    def written(self):
        """The metrics of the day and of those before."""
        world = _usual(self.logins, self.number, tuple(self.parameters.items())) if not self.new else World()
        world = _continued(world, self)
        changed = _continued(world, self, self.fault) if self.fault else None
        world.day(self.number, changed)
        return world.written


def _continued(world, day, kind=World):
    """A world of a kind that goes on where another is."""
    found = kind()
    found.written, found.random, found.today = world.written, world.random, True
    found.logins, found.parameters = day.logins, day.parameters
    return found


def _usual(logins, days, parameters):
    """The days before. They are the same for many days, so they are simulated once."""
    known = _history(logins, days, parameters)
    world = World()
    world.written = known.written.copy()
    return world


@functools.cache
def _history(logins, days, parameters):
    world = World()
    world.logins, world.parameters = logins, dict(parameters)
    for number in range(days):
        world.day(number)
    return world
