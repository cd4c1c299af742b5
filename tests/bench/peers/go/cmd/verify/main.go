// POST /v1/challenge/code: judges one guess. Count, compare, consume.
package main

import (
	"context"
	"encoding/hex"
	"log/slog"
	"regexp"
	"strings"

	"alliance-mfa.example/bench/internal/mfa"
)

type verifier struct {
	store  mfa.Store
	keys   *mfa.MACKeys
	signer *mfa.Signer
}

func main() {
	ctx := context.Background()
	cfg := mfa.Config(ctx)
	verifier := verifier{mfa.NewStore(cfg), mfa.OpenMACKeys(ctx, cfg), mfa.NewSigner(cfg)}
	mfa.Serve("verify", verifier.verify)
}

var closed = &mfa.Problem{Status: 410, Name: "challenge-closed", Detail: "There is nothing to confirm."}

func (verifier verifier) verify(
	ctx context.Context, event *mfa.Request, now int64, log *slog.Logger,
) (*mfa.Response, error) {
	factor, err := mfa.ReadFirstFactor(event, now)
	if err != nil {
		return nil, err
	}
	guess, err := readGuess(event)
	if err != nil {
		return nil, err
	}
	challenge, counted, err := verifier.countGuess(ctx, factor, now)
	if err != nil {
		return nil, err
	}
	// A number that is only being enrolled is settled otherwise, which is not compared here.
	if !counted || challenge.NumberSource != "enrolled" {
		return nil, closed
	}
	right := verifier.keys.Judge(factor, challenge, guess)
	subject := hex.EncodeToString(factor.Subject[:4])
	log.Info("judged", "subject", subject, "right", right, "attempts", challenge.Attempts)
	if !right {
		left := challenge.MaxAttempts - challenge.Attempts
		return nil, &mfa.Problem{
			Status: 422, Name: "code-wrong", Detail: "This code is wrong.", More: mfa.More{"attemptsLeft": left},
		}
	}
	settled, err := verifier.store.Settle(ctx, factor, challenge, now)
	if err != nil {
		return nil, err
	}
	if !settled {
		return nil, closed
	}
	challenge.Outcome, challenge.Settled = "approved", true
	challenge.ApprovedAt, challenge.ApprovedBy = now, "sms-code"
	token, err := verifier.signer.Sign(ctx, factor, challenge)
	if err != nil {
		return nil, err
	}
	proven := &mfa.Subject{Phone: challenge.Phone, Country: challenge.Country, Line: challenge.Line}
	stored := &mfa.Stored{Subject: proven, Challenges: []*mfa.Challenge{challenge}, Own: challenge}
	return mfa.Show(200, stored, factor, now, token), nil
}

var sixDigits = regexp.MustCompile(`^[0-9]{6}$`)

func readGuess(event *mfa.Request) (string, error) {
	fields, err := mfa.Fields(event, "code", "purpose")
	if err != nil {
		return "", err
	}
	if fields["code"] == "" {
		return "", mfa.Invalid("code", "is required")
	}
	digits := strings.ReplaceAll(fields["code"], " ", "")
	if !sixDigits.MatchString(digits) {
		detail := "A code is exactly six digits. This did not cost an attempt."
		return "", &mfa.Problem{Status: 422, Name: "code-malformed", Detail: detail}
	}
	return digits, nil
}

func (verifier verifier) countGuess(
	ctx context.Context, factor *mfa.FirstFactor, now int64,
) (*mfa.Challenge, bool, error) {
	const (
		count  = "SET attempts = attempts + :one, lastGuessAt = :now"
		isOpen = "outcome = :pending AND expiresAt > :now AND attempts < maxAttempts"
	)
	values := mfa.Values{":one": 1, ":now": now, ":pending": "pending"}
	key := mfa.ChallengeKey(factor.Subject, factor.Session)
	return verifier.store.UpdateChallenge(ctx, key, count, isOpen, values)
}
