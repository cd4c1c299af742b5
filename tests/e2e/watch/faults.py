"""What can go wrong on a day, and the days that are looked at."""

from .days import DAY, HISTORY, Day, World

RECEIPTS = {"SmsProvider": "end-user-messaging"}
CANARY = {"CanarySecretArn": "canary"}
COGNITO = {"CognitoUserPoolArn": "pool"}
ENTRA = {"EntraTenantIds": "7a1f0c9e-5d0e-4a4b-9a53-2f6b8d3c1e70"}
QUIET = 20


class SnsOutage(World):
    hours = 8

    def accepts(self, channel):
        return "fault" if channel == "sms" else super().accepts(channel)


class VoiceOutage(World):
    hours = 3

    def accepts(self, channel):
        return "fault" if channel == "call" else super().accepts(channel)


class SlowProvider(World):
    hours = 3

    def seconds_to_accept(self, channel):
        return self.random.uniform(4, 9) if channel == "sms" else super().seconds_to_accept(channel)


class Forbidden(World):
    """The role of start-challenge has lost its permission."""

    hours = 3

    def accepts(self, channel):
        return "authorization" if channel == "sms" else super().accepts(channel)


class SpendLimitRefused(World):
    hours = 14

    def accepts(self, channel):
        return "spend-limit" if channel == "sms" else super().accepts(channel)

    def spent(self, of_day):
        return 500


class SpendLimitDropped(World):
    """SNS takes the messages and sends none."""

    hours = 14

    def arrives(self, country):
        return 0.0

    def converts(self, channel):
        return 0.0 if channel == "sms" else super().converts(channel)

    def spent(self, of_day):
        return 500


class NearSpendLimit(World):
    hours = 14

    def spent(self, of_day):
        return 410


class Pumping(World):
    """10,000 tries to numbers in three countries. The budgets let 90 through, as in tests/pumping."""

    hours = 10

    def also(self, minute):
        super().also(minute)
        for index in range(17):
            country = ("US", "CA", "GB")[index % 3]
            self.request(minute, "StartChallengeFunction")
            if (minute * 17 + index) % 113 == 0:
                self.send(minute, "sms", country)
            else:
                reason = "range-unverified" if index % 2 else "country-sms"
                self.ours("StartRefused", "StartChallengeFunction", minute, Reason=reason)
        if minute % 15 == 0:
            for country in ("US", "CA", "GB"):
                for more in ({}, {"Country": country}):
                    self.ours("FraudSigns", "AuditEventsFunction", minute, Type="breaker.opened", **more)

    def arrives(self, country):
        return 0.9


class Guessing(World):
    """Somebody has a list of passwords, and guesses codes until accounts are locked."""

    hours = 3

    def also(self, minute):
        self.request(minute, "VerifyCodeFunction", 40)
        if minute % 4 == 0:
            self.ours("FraudSigns", "AuditEventsFunction", minute, Type="subject.locked")


class CrashingRelease(World):
    """The new version of verify-code crashes."""

    hours = 1

    def answers(self, function):
        return "crash" if function == "VerifyCodeFunction" else super().answers(function)


class CrashingPolls(World):
    """The new version of get-challenge crashes, which also settles what calls have approved."""

    hours = 1

    def answers(self, function):
        return "crash" if function == "GetChallengeFunction" else super().answers(function)


class CrashingShare(World):
    """The new version of start-challenge crashes for one in three."""

    hours = 1

    def answers(self, function):
        crashes = function == "StartChallengeFunction" and self.random.random() < 0.33
        return "crash" if crashes else super().answers(function)


class CrashingDoor(World):
    """The new version of authorize crashes."""

    hours = 1

    def answers(self, function):
        return "crash" if function == "AuthorizeFunction" else super().answers(function)


class EntraUnreachable(World):
    """Entra's keys can't be read, and those of yesterday are forgotten."""

    hours = 2

    def refused_at_entras_door(self, step):
        return "entra-unreachable"


class EveryHintRefused(World):
    """Entra signs hints that we refuse, all of them."""

    hours = 2

    def refused_at_entras_door(self, step):
        return "hint-audience" if step == "begun" else None


class ForgedHints(World):
    """Somebody posts hints that Entra has not signed."""

    hours = 2

    def also(self, minute):
        super().also(minute)
        self.request(minute, "AuthorizeFunction", 200)
        for reason in ("hint-signature", "hint-age"):
            self.ours("EntraRefused", "AuthorizeFunction", minute, 100, Reason=reason)


class NoAnswerKey(World):
    """The role of authorize may not sign answers any more. What begins a login is signed with another key."""

    hours = 2

    def refused_at_entras_door(self, step):
        return "unavailable" if step == "answered" else None


class UselessRelease(World):
    """All requests get 200, and no code is right."""

    hours = 3

    def converts(self, channel):
        return 0.0


class RefusingRelease(World):
    """The new version takes no number: 422 for all."""

    hours = 3

    def send(self, minute, channel, country):
        self.ours("StartRefused", "StartChallengeFunction", minute, Reason="country-refused")
        return False


class HalfUselessRelease(UselessRelease):
    """A language's codes are all wrong, a third of the users'."""

    def converts(self, channel):
        return World.converts(self, channel) * (0.6 if channel == "sms" else 1.0)


class Throttled(World):
    """The account's concurrency is used up by something else."""

    hours = 1

    def answers(self, function):
        return "throttled" if self.random.random() < 0.3 else super().answers(function)


class Wave(World):
    """A campaign: more starts than StartsPerSecond."""

    hours = 1

    def busy(self):
        return 4.0

    def answers(self, function):
        limited = function == "StartChallengeFunction" and self.random.random() < 0.6
        return "limited" if limited else super().answers(function)

    def also(self, minute):
        for _ in range(80):  # pages try again
            self.request(minute, "StartChallengeFunction")


class Unauthorized(World):
    """The first factor signs with a key that its discovery document doesn't have."""

    hours = 2

    def answers(self, function):
        return "fine" if function in ("LoginPageFunction", "CallCallbackFunction") else "unauthorized"


class SilentWebhooks(World):
    hours = 3

    def reports_back(self):
        return False

    def converts(self, channel):
        return 0.0 if channel == "call" else super().converts(channel)


class NoReceipts(World):
    hours = 14

    def has_receipts(self):
        return False


class CarrierOutage(World):
    """In Great Britain no message arrives."""

    hours = 8

    def arrives(self, country):
        return 0.0 if country == "GB" else super().arrives(country)

    def converts(self, channel):
        return 0.79 if channel == "sms" else super().converts(channel)  # a tenth of the users are there


class BusRefuses(World):
    """The event bus takes nothing, so the stream's records get older, and are given up after four hours."""

    hours = 10

    def age(self, minute):
        return min(minute % DAY - 600, 240) * 60_000.0

    def also(self, minute):
        if minute % DAY >= 600 + 241:
            self.aws("AWS/SQS", "ApproximateNumberOfMessagesVisible", minute, 2.0, QueueName="AuditEventsDeadLetters")


class HotPartition(World):
    hours = 1

    def also(self, minute):
        self.aws("AWS/DynamoDB", "WriteThrottleEvents", minute, 6.0, TableName="Table")


class NoKeys(World):
    """Nobody can sign in, and too few try for the other alarms to see it."""

    hours = 9

    def converts(self, channel):
        return 0.0

    def canary(self):
        return 0


class NoCanary(World):
    hours = 9

    def canary(self):
        return None


class TriggersFail(World):
    """The issuer's key was disabled: Create has no token."""

    hours = 1

    def asks(self):
        return "crash" if self.random.random() < 0.5 else "fine"


NORMAL = (
    Day("a weekday"),
    Day("a Saturday, 60 % fewer", number=HISTORY + 2),
    Day("a weekday, with receipts", parameters=RECEIPTS),
    Day("20 sign-ins a day", logins=QUIET),
    Day("20 sign-ins a day, with a canary", logins=QUIET, parameters=CANARY),
    Day("a weekday, with a Cognito user pool", parameters=COGNITO),
    Day("20 sign-ins a day, first day", logins=QUIET, number=0, new=True),
    Day("first day", number=0, new=True),
    Day("a weekday, through Entra", parameters=ENTRA),
)
SENDS = {"SendsFailingAlarm": 15, "SendsRefusedAlarm": 60}
DELIVERY = {"DeliveryUSAlarm": 120, "DeliveryCAsmsAlarm": 120, "DeliveryGBAlarm": 120}
NOBODY = {"NobodyGetsInAlarm": 60}

# With the alarms that must fire, no other, and within how many minutes.
FAULTY = (
    Day("SNS fails", SnsOutage, SENDS),
    Day("SNS fails, 20 sign-ins a day", SnsOutage, {"SendsRefusedAlarm": 120}, logins=QUIET),
    Day("the voice provider fails", VoiceOutage, SENDS),
    Day("AWS is slow to take messages", SlowProvider, {"ProvidersSlowAlarm": 20}),
    Day("`start-challenge` may not send", Forbidden, SENDS),
    Day("spend limit, End User Messaging refuses", SpendLimitRefused, SENDS | {"SmsSpendAlarm": 5}, RECEIPTS),
    Day("spend limit, SNS drops the messages", SpendLimitDropped, DELIVERY | {"SmsConversionAlarm": 45, "SmsSpendAlarm": 5}),
    Day("80 % of the spend limit", NearSpendLimit, {"SmsSpendAlarm": 5}),
    Day("a carrier drops messages to GB", CarrierOutage, {"DeliveryGBAlarm": 120}),
    Day("the same, with receipts", CarrierOutage, {"DeliveryGBAlarm": 120}, RECEIPTS),
    Day("webhooks are silent", SilentWebhooks, {"CallConversionAlarm": 45, "WebhooksSilentAlarm": 30}),
    Day("no receipts come", NoReceipts, {"ReceiptsMissingAlarm": 720}, RECEIPTS),
    Day("release: `verify-code` crashes", CrashingRelease, {"RequestsFailingAlarm": 15, "SmsConversionAlarm": 45}),
    Day("release: `get-challenge` crashes", CrashingPolls, {"RequestsFailingAlarm": 15, "CallConversionAlarm": 45}),
    Day("release: a third of the starts crash", CrashingShare, {"RequestsFailingAlarm": 15}),
    Day("release: `authorize` crashes", CrashingDoor, {"EntraFailingAlarm": 15, "RequestsFailingAlarm": 15}, ENTRA),
    Day("Entra's keys can't be read", EntraUnreachable, {"EntraFailingAlarm": 15}, ENTRA),
    Day("every hint that Entra signs is refused", EveryHintRefused, {"EntraFailingAlarm": 15}, ENTRA),
    Day("forged hints, 200 a minute", ForgedHints, {}, ENTRA),
    Day("`authorize` may not sign answers", NoAnswerKey, {"EntraFailingAlarm": 15}, ENTRA),
    Day("release: all get 200, no code is right", UselessRelease, NOBODY | {"SmsConversionAlarm": 45, "CallConversionAlarm": 45}),
    Day("the same on the first day", UselessRelease, NOBODY, number=0, new=True),
    Day("release: four in ten codes are wrong", HalfUselessRelease, {"SmsConversionAlarm": 45}),
    Day("release: every number is refused", RefusingRelease, {"NothingSentAlarm": 20}),
    Day(
        "Lambda's concurrency is used up", Throttled,
        {"RequestsFailingAlarm": 15, "SmsConversionAlarm": 45, "CallConversionAlarm": 60},
    ),
    Day("a campaign, above `StartsPerSecond`", Wave, {"RequestsRefusedAlarm": 15}),
    Day("the first factor's tokens are refused", Unauthorized, {"RequestsRefusedAlarm": 15}),
    Day("SMS pumping", Pumping, {"AttackAlarm": 15}),
    Day("SMS pumping, 20 sign-ins a day", Pumping, {"AttackAlarm": 15}, logins=QUIET),
    Day("accounts are guessed until locked", Guessing, {"AttackAlarm": 15}),
    Day("the event bus refuses", BusRefuses, {"StreamLateAlarm": 30, "DeadLettersAlarm": 250}),
    Day("a hot partition of the table", HotPartition, {"TableThrottlesAlarm": 15}),
    Day("no code is right, 20 sign-ins a day with a canary", NoKeys, {"CanaryFailedAlarm": 540}, CANARY, QUIET),
    Day("the canary doesn't run", NoCanary, {"CanaryFailedAlarm": 540}, CANARY),
    Day("the triggers of a Cognito user pool fail", TriggersFail, {"CognitoFailingAlarm": 15}, COGNITO),
)
# The day of the runbook's picture.
PICTURED = Day("SMS pumping, with receipts", Pumping, {"AttackAlarm": 15}, RECEIPTS)
