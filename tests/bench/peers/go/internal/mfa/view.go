package mfa

import (
	"os"
	"slices"
	"strconv"
	"strings"
)

const patience = 30

var over = []string{"voicemail", "no-answer", "busy", "failed", "ended"}

type view struct {
	State            string             `json:"state"`
	PhoneNumber      *string            `json:"phoneNumber"`
	CanChangeNumber  bool               `json:"canChangeNumber"`
	ExpiresAt        *string            `json:"expiresAt"`
	AttemptsLeft     *int               `json:"attemptsLeft"`
	RetryAt          *string            `json:"retryAt"`
	Channels         map[string]channel `json:"channels"`
	Call             *string            `json:"call"`
	FraudReport      *string            `json:"fraudReport"`
	MatchDigits      *string            `json:"matchDigits"`
	Contested        bool               `json:"contested"`
	OfferAlternative bool               `json:"offerAlternative"`
	PollAfterMs      *int64             `json:"pollAfterMs"`
	ResultToken      string             `json:"resultToken,omitempty"`
	SupportURL       string             `json:"supportUrl,omitempty"`
}

type channel struct {
	Available  bool    `json:"available"`
	Reason     *string `json:"reason"`
	NextSendAt *string `json:"nextSendAt"`
	SendsLeft  int     `json:"sendsLeft"`
	LastSend   *string `json:"lastSend"`
}

// Show replies with the challenge as the page sees it.
func Show(status int, stored *Stored, factor *FirstFactor, now int64, resultToken string) *Response {
	own := stored.Own
	state, retryAt := stored.state(now)
	shown := view{
		State:       state,
		RetryAt:     maybeTime(retryAt),
		ResultToken: resultToken,
		SupportURL:  os.Getenv("SUPPORT_URL"),
		Channels: map[string]channel{
			"sms":  stored.channel("sms", state, retryAt, now),
			"call": stored.channel("call", state, retryAt, now),
		},
	}
	if phone := stored.Subject.Phone; phone != "" {
		shown.PhoneNumber = masked(phone)
	} else if factor.Phone != "" {
		shown.PhoneNumber = masked(factor.Phone)
	}
	if own != nil {
		shown.Call = maybe(own.CallState)
	}
	response := Reply(status, "application/json", "")
	if state == "pending" {
		left := own.MaxAttempts - own.Attempts
		shown.ExpiresAt, shown.AttemptsLeft = maybeTime(own.ExpiresAt), &left
		shown.Contested, shown.OfferAlternative = own.Contested, own.patienceIsOver(now)
		seconds := own.pollAfter(now)
		milliseconds := seconds * 1000
		shown.PollAfterMs = &milliseconds
		response.Headers["retry-after"] = strconv.FormatInt(seconds, 10)
	}
	response.Body = toJSON(shown)
	return response
}

func masked(phone string) *string {
	shown := "+" + strings.Repeat("•", len(phone)-3) + phone[len(phone)-2:]
	return &shown
}

func maybe(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

func maybeTime(seconds int64) *string {
	if seconds == 0 {
		return nil
	}
	return maybe(rfc3339(seconds))
}

func (stored *Stored) state(now int64) (state string, retryAt int64) {
	own, subject := stored.Own, stored.Subject
	switch {
	case own != nil && own.Settled:
		return "approved", 0
	case own != nil && own.Outcome == "approved":
		return "pending", 0
	case own != nil && own.Outcome == "denied":
		return "denied", 0
	case subject.BlockedUntil > now:
		return "blocked", subject.BlockedUntil
	case own != nil && own.IsOpen(now):
		return "pending", 0
	}
	locked, until := Lockout(subject, stored.Challenges, now)
	switch {
	case locked:
		return "locked", until
	case own == nil:
		return "none", 0
	case own.Attempts >= own.MaxAttempts:
		return "exhausted", 0
	default:
		return "expired", 0
	}
}

func (stored *Stored) channel(name, state string, retryAt, now int64) channel {
	country, line := stored.Subject.Country, stored.Subject.Line
	var used int
	var last, expiresAt int64
	var delivery string
	if own := stored.Own; own != nil {
		country, line, expiresAt = own.Country, own.Line, own.ExpiresAt
		used, last, delivery = own.SMSUsed, own.SMSAt, own.SMSDelivery
		if name == "call" {
			used, last, delivery = own.CallsUsed, own.CallsAt, own.CallsDelivery
		}
	}
	inChallenge := Policy.MaxSends
	if state == "pending" {
		inChallenge -= used
	}
	limits := Windows(stored.Subject, name, now)
	sendsLeft := max(0, inChallenge)
	for _, limit := range limits {
		sendsLeft = min(sendsLeft, limit.Left)
	}
	var reason string
	var next int64
	switch cool := last + Policy.Cooldown; {
	case state == "approved" || state == "denied":
		reason = "closed"
	case state == "blocked" || state == "locked":
		reason, next = state, retryAt
	case sendsLeft == 0:
		reason, next = "send-limit", Last(limits).RetryAt
		if inChallenge <= 0 {
			next = max(next, expiresAt)
		}
	case last > 0 && cool > now:
		reason, next = "cooldown", cool
	}
	if country != "" && !Reaches(name, country, line) {
		reason, next = "unreachable", 0
	}
	return channel{reason == "", maybe(reason), maybeTime(next), sendsLeft, maybe(delivery)}
}

// pollAfter tells how many seconds the page waits before it asks again. The benchmark has no answered calls.
func (challenge *Challenge) pollAfter(now int64) int64 {
	if challenge.CallState == "calling" || challenge.CallState == "ringing" {
		return 2
	}
	return min(max(now-max(challenge.SMSAt, challenge.CallsAt), 5), 15)
}

// patienceIsOver tells whether the last send has had its time, or is known not to help any more.
func (challenge *Challenge) patienceIsOver(now int64) bool {
	at, delivery := challenge.SMSAt, challenge.SMSDelivery
	if challenge.CallsAt >= at {
		at, delivery = challenge.CallsAt, challenge.CallsDelivery
	}
	return at > 0 && (delivery == "failed" || delivery == "unknown" || slices.Contains(over, challenge.CallState) || now-at >= patience)
}
