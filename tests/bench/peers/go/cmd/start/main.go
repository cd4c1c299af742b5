// POST /v1/challenge: sends a code to the enrolled number. Persist, then send.
package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"os"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/smithy-go"

	"alliance-mfa.example/bench/internal/mfa"
)

const (
	month         = 30 * 86_400
	counterMemory = 48 * 3600
)

var policy = &mfa.Policy

type starter struct {
	store mfa.Store
	keys  *mfa.MACKeys
	sns   *sns.Client
}

func main() {
	ctx := context.Background()
	cfg := mfa.Config(ctx)
	once := func(options *sns.Options) { // a second try would send a second message
		options.Retryer = aws.NopRetryer{}
		options.HTTPClient = cfg.HTTPClient.(*awshttp.BuildableClient).WithTimeout(10 * time.Second)
	}
	starter := starter{mfa.NewStore(cfg), mfa.OpenMACKeys(ctx, cfg), sns.NewFromConfig(cfg, once)}
	mfa.Serve("start", starter.start)
}

func (starter starter) start(
	ctx context.Context, event *mfa.Request, now int64, log *slog.Logger,
) (*mfa.Response, error) {
	factor, err := mfa.ReadFirstFactor(event, now)
	if err != nil {
		return nil, err
	}
	if err := checkRequest(event); err != nil {
		return nil, err
	}
	network := event.RequestContext.HTTP.SourceIP
	started, err := starter.persist(ctx, factor, network, now)
	if errors.Is(err, errOvertaken) {
		started, err = starter.persist(ctx, factor, network, now)
	}
	switch {
	case errors.Is(err, errOvertaken):
		return nil, &mfa.Problem{
			Status: 503, Name: "temporarily-unavailable", Detail: "Please try again in a moment.",
			More: mfa.More{"retryAfter": 1},
		}
	case err != nil:
		return nil, err
	case started.code == "":
		return mfa.Show(200, started.stored, factor, now, ""), nil
	}
	if err := starter.send(ctx, factor, started, now, log); err != nil {
		return nil, err
	}
	return mfa.Show(201, started.stored, factor, now, ""), nil
}

func checkRequest(event *mfa.Request) error {
	fields, err := mfa.Fields(event, "channel", "phoneNumber", "region", "locale", "purpose")
	switch {
	case err != nil:
		return err
	case fields["channel"] == "":
		return mfa.Invalid("channel", "is required")
	case fields["channel"] == "call":
		return &mfa.Problem{Status: 409, Name: "channel-unavailable", Detail: "This channel cannot reach this number."}
	case fields["channel"] != "sms":
		return mfa.Invalid("channel", "must be sms or call")
	case fields["phoneNumber"] != "":
		detail := "A phone number is already known for this account."
		return &mfa.Problem{Status: 409, Name: "phone-number-known", Detail: detail}
	default:
		return nil
	}
}

// started is a challenge that runs already, or one begun in the table with the code to send.
type started struct {
	stored *mfa.Stored
	code   string
}

var errOvertaken = errors.New("another request came between")

func (starter starter) persist(
	ctx context.Context, factor *mfa.FirstFactor, network string, now int64,
) (*started, error) {
	stored, err := starter.store.Load(ctx, factor)
	if err != nil {
		return nil, err
	}
	running, err := mayBegin(stored, now)
	if err != nil {
		return nil, err
	}
	if running {
		return &started{stored: stored}, nil
	}
	draft, err := starter.begin(factor, stored, now)
	if err != nil {
		return nil, err
	}
	number := "number#" + mfa.Base64URL(mfa.SHA256([]byte("number"), []byte(stored.Subject.Phone)))
	charges := []charge{
		{"network#" + network, "network", policy.MaxNetwork, mfa.Short},
		{number, "number-short", policy.MaxNumberShort, mfa.Short},
		{number, "number-long", policy.MaxNumberLong, mfa.Long},
	}
	writes := []types.TransactWriteItem{draft.ofSubject(factor, stored.Subject.Version)}
	for _, other := range draft.contested {
		contest := mfa.Values{":true": true}
		writes = append(writes, mfa.Update(other.Key, "SET contested = :true", "attribute_exists(pk)", contest, nil))
	}
	first := len(writes)
	for _, charge := range charges {
		writes = append(writes, charge.write(now))
	}
	writes = append(writes, ofChallenge(draft.after.Own, stored.Own))
	inTheWay, err := starter.store.Transact(ctx, writes...)
	switch {
	case err != nil:
		return nil, err
	case inTheWay.Done():
		return &started{draft.after, draft.code}, nil
	case inTheWay.Conflict:
		return nil, errOvertaken
	}
	var full []mfa.Limit
	for _, position := range inTheWay.Refused {
		if position < first || position >= first+len(charges) {
			return nil, errOvertaken
		}
		charge := charges[position-first]
		full = append(full, mfa.Limit{Name: charge.policy, RetryAt: charge.endsAt(now)})
	}
	return nil, sendLimit(full)
}

// mayBegin tells whether a challenge runs already, or why none may begin.
func mayBegin(stored *mfa.Stored, now int64) (running bool, err error) {
	subject, own := stored.Subject, stored.Own
	switch {
	case own != nil && own.Outcome == "denied":
		return false, &mfa.Problem{Status: 403, Name: "denied", Detail: "This sign-in was stopped from the phone."}
	case own != nil && own.Outcome == "approved":
		return true, nil
	case subject.BlockedUntil > now:
		return false, mfa.Until(403, "blocked", "A sign-in was reported as fraud.", subject.BlockedUntil)
	case subject.Phone == "":
		detail := "No phone number is known for this account."
		return false, &mfa.Problem{Status: 422, Name: "phone-number-required", Detail: detail}
	case !mfa.IsServed(subject.Country):
		return false, &mfa.Problem{Status: 422, Name: "country-refused", Detail: "Numbers of this country cannot be used."}
	case !mfa.Reaches("sms", subject.Country, subject.Line):
		return false, &mfa.Problem{Status: 409, Name: "channel-unavailable", Detail: "Use the other channel."}
	case own != nil && own.Phone == subject.Phone && own.SMSAt+policy.Cooldown > now:
		return true, nil
	}
	switch locked, until := mfa.Lockout(subject, stored.Challenges, now); {
	case locked && until > 0:
		return false, mfa.Until(429, "too-many-failures", "Too many wrong codes. Wait a while.", until)
	case locked:
		detail := "Too many wrong codes. An administrator has to unlock."
		return false, &mfa.Problem{Status: 403, Name: "locked", Detail: detail}
	default:
		return false, nil
	}
}

func sendLimit(limits []mfa.Limit) error {
	last := mfa.Last(limits)
	return &mfa.Problem{
		Status: 429, Name: "send-limit", Detail: "Too many messages and calls. Wait before the next one.",
		More: mfa.More{"limit": last.Name, "retryAt": last.RetryAt},
	}
}

// A draft is what one transaction shall make of what is stored.
type draft struct {
	after     *mfa.Stored
	contested []*mfa.Challenge
	code      string
}

// begin drafts the session's next challenge. One that is still open is replaced, and what it has used is carried over.
func (starter starter) begin(factor *mfa.FirstFactor, stored *mfa.Stored, now int64) (*draft, error) {
	subject, own := *stored.Subject, stored.Own
	failures, lastFailureAt, reserved := mfa.Account(&subject, stored.Challenges, func(challenge *mfa.Challenge) bool {
		return challenge == own || challenge.IsOver(now)
	})
	challenge := &mfa.Challenge{
		Key:            mfa.ChallengeKey(factor.Subject, factor.Session),
		Generation:     1,
		Phone:          subject.Phone,
		Country:        subject.Country,
		Line:           subject.Line,
		NumberSource:   "enrolled",
		Binding:        subject.Binding,
		Purpose:        "login",
		ClaimMismatch:  factor.Phone != "" && factor.Phone != subject.Phone,
		Charged:        map[string]int{},
		Locale:         "en",
		SubjectVersion: subject.Version + 1,
		CreatedAt:      now,
		ExpiresAt:      now + policy.CodeLife,
		Outcome:        "pending",
		SMSAt:          now,
		SMSDelivery:    "sending",
		KeepUntil:      factor.KeepUntil,
		TTL:            factor.KeepUntil + month,
	}
	if own != nil {
		challenge.Generation = own.Generation + 1
		if own.IsOpen(now) {
			challenge.Attempts, challenge.Carried = own.Attempts, own.Attempts
			challenge.SMSUsed, challenge.CallsUsed = own.SMSUsed, own.CallsUsed
		}
	}
	budget := policy.LockAt - failures
	for _, guesses := range reserved {
		budget -= guesses
	}
	guesses := min(budget, policy.MaxGuesses-challenge.Carried)
	if guesses <= 0 {
		return nil, mfa.Until(429, "too-many-failures", "Too many wrong codes.", now+policy.CodeLife)
	}
	if challenge.SMSUsed >= policy.MaxSends {
		return nil, sendLimit([]mfa.Limit{{Name: "challenge", RetryAt: own.ExpiresAt}})
	}
	free := func(limit mfa.Limit) bool { return limit.Left > 0 }
	if full := slices.DeleteFunc(mfa.Windows(&subject, "sms", now), free); len(full) > 0 {
		return nil, sendLimit(full)
	}
	challenge.MaxAttempts = challenge.Carried + guesses
	challenge.SMSUsed++

	draft := &draft{after: &mfa.Stored{Subject: &subject, Challenges: []*mfa.Challenge{challenge}, Own: challenge}}
	for _, other := range stored.Challenges {
		if other == own {
			continue
		}
		draft.after.Challenges = append(draft.after.Challenges, other)
		if !other.IsOver(now) {
			draft.contested = append(draft.contested, other)
			challenge.Contested = true
		}
	}
	drawn, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		return nil, err
	}
	draft.code = fmt.Sprintf("%06d", drawn)
	challenge.Codes = [][]byte{starter.keys.Make(factor, challenge, draft.code, now)}
	reserved[challenge.Reservation()] = guesses
	subject.Version, subject.Failures, subject.LastFailureAt = subject.Version+1, failures, lastFailureAt
	subject.GuessesReserved = reserved
	forgotten := func(at int64) bool { return now-at >= mfa.Long }
	subject.SMSSent = append(slices.DeleteFunc(slices.Clone(subject.SMSSent), forgotten), now)
	return draft, nil
}

func (draft *draft) ofSubject(factor *mfa.FirstFactor, version int) types.TransactWriteItem {
	subject := draft.after.Subject
	update := "SET version = :next, failures = :failures, guessesReserved = :reserved, smsSent = :smsSent, " +
		"callsPlaced = :callsPlaced"
	values := mfa.Values{
		":version":     version,
		":next":        subject.Version,
		":failures":    subject.Failures,
		":reserved":    subject.GuessesReserved,
		":smsSent":     subject.SMSSent,
		":callsPlaced": append([]int64{}, subject.CallsPlaced...),
	}
	if subject.LastFailureAt > 0 {
		update += ", lastFailureAt = :lastFailureAt"
		values[":lastFailureAt"] = subject.LastFailureAt
	}
	return mfa.Update(mfa.SubjectKey(factor.Subject), update, "version = :version", values, nil)
}

func ofChallenge(challenge, former *mfa.Challenge) types.TransactWriteItem {
	if former == nil {
		return mfa.Put(challenge, "attribute_not_exists(pk)", nil)
	}
	const unmoved = "generation = :generation AND attempts = :attempts AND smsUsed = :messages AND callsUsed = :calls " +
		"AND outcome = :pending"
	return mfa.Put(challenge, unmoved, mfa.Values{
		":generation": former.Generation,
		":attempts":   former.Attempts,
		":messages":   former.SMSUsed,
		":calls":      former.CallsUsed,
		":pending":    "pending",
	})
}

// A charge is one more send in a fixed window, on condition that its counter is below the quota.
type charge struct {
	partition, policy string
	quota             int
	length            int64
}

func (charge charge) endsAt(now int64) int64 { return (now/charge.length + 1) * charge.length }

func (charge charge) write(now int64) types.TransactWriteItem {
	key := mfa.Key{PK: charge.partition, SK: fmt.Sprintf("%s#%d#0", charge.policy, now/charge.length)}
	values := mfa.Values{":zero": 0, ":one": 1, ":quota": charge.quota, ":ttl": charge.endsAt(now) + counterMemory}
	return mfa.Update(
		key,
		"SET used = if_not_exists(used, :zero) + :one, quota = :quota, #ttl = :ttl",
		"attribute_not_exists(used) OR used < :quota",
		values,
		map[string]string{"#ttl": "ttl"},
	)
}

func (starter starter) send(
	ctx context.Context, factor *mfa.FirstFactor, started *started, now int64, log *slog.Logger,
) error {
	challenge, code := started.stored.Own, started.code
	text := fmt.Sprintf("%s is your %s code. Never share it, we will not ask for it.\n@%s #%s",
		code, os.Getenv("BRAND"), os.Getenv("ORIGIN_HOST"), code)
	kind := snstypes.MessageAttributeValue{DataType: aws.String("String"), StringValue: aws.String("Transactional")}
	_, err := starter.sns.Publish(ctx, &sns.PublishInput{
		PhoneNumber:       &challenge.Phone,
		Message:           &text,
		MessageAttributes: map[string]snstypes.MessageAttributeValue{"AWS.SNS.SMS.SMSType": kind},
	})
	log = log.With("subject", hex.EncodeToString(factor.Subject[:4]), "channel", "sms")
	if err == nil {
		log.Info("sent", "outcome", "accepted")
		challenge.SMSDelivery = "accepted" // in the answer only: it stays stored as being sent
		return nil
	}
	cause := "unanswered" // the error itself may repeat the number
	if answer := smithy.APIError(nil); errors.As(err, &answer) {
		cause = answer.ErrorCode()
	}
	log.Warn("sent", "outcome", "failed", "cause", cause)
	if err := starter.takeBack(ctx, challenge, now); err != nil {
		return err
	}
	detail := "It could not be sent. Try again in a moment."
	return &mfa.Problem{Status: 503, Name: "delivery-failed", Detail: detail, More: mfa.More{"retryAfter": 1}}
}

// takeBack has a send that failed not count against its challenge.
func (starter starter) takeBack(ctx context.Context, challenge *mfa.Challenge, now int64) error {
	const (
		failed    = "SET smsDelivery = :delivery, smsUsed = smsUsed - :one"
		isSending = "generation = :generation AND smsAt = :at AND smsDelivery = :sending AND attribute_not_exists(settled)"
	)
	values := mfa.Values{
		":generation": challenge.Generation, ":at": now, ":sending": "sending", ":delivery": "failed", ":one": 1,
	}
	_, err := starter.store.Transact(ctx, mfa.Update(challenge.Key, failed, isSending, values, nil))
	return err
}
