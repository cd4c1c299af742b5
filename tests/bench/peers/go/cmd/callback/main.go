// POST /v1/calls/{challenge}/{token}/digits: a key was pressed in a call that the voice provider placed.
package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/xml"
	"log/slog"
	"maps"
	"net/url"
	"os"
	"slices"
	"strings"

	"alliance-mfa.example/bench/internal/mfa"
)

const (
	approved = "Done. Look at your screen. Goodbye."
	over     = "This call is no longer needed. Goodbye."
	prompt   = "To finish signing in, press the pound key. If you are not signing in, press zero."
)

var brand, publicBaseURL = os.Getenv("BRAND"), os.Getenv("PUBLIC_BASE_URL")

type listener struct {
	store  mfa.Store
	tokens struct{ Current, Previous string } // that the provider signs with, the previous one during a rotation
}

func main() {
	ctx := context.Background()
	cfg := mfa.Config(ctx)
	listener := &listener{store: mfa.NewStore(cfg)}
	mfa.ReadSecret(ctx, cfg, os.Getenv("VOICE_SIGNING_SECRET_ARN"), &listener.tokens)
	mfa.Serve("callback", listener.callback)
}

func (listener *listener) callback(
	ctx context.Context, event *mfa.Request, now int64, log *slog.Logger,
) (*mfa.Response, error) {
	body, err := mfa.Body(event)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(body)
	if err != nil || !listener.isSigned(event, form) {
		detail := "The request is not signed by the voice provider."
		return nil, &mfa.Problem{Status: 403, Name: "signature-invalid", Detail: detail}
	}
	call, err := callOf(event.PathParameters)
	if err != nil {
		return nil, err
	}
	if form.Get("Digits") != "#" { // what other keys do is not compared
		return twiml(ask(event.RawPath) + say(over)), nil
	}
	challenge, _, err := listener.approve(ctx, call, now)
	if err != nil {
		return nil, err
	}
	words, outcome := over, ""
	if challenge != nil {
		outcome = challenge.Outcome
		if outcome == "approved" && hmac.Equal(challenge.CallToken, call.token) { // a repeated webhook's, too
			words = approved
		}
	}
	log.Info("webhook", "subject", hex.EncodeToString(call.subject[:4]), "event", "digits", "outcome", outcome)
	return twiml(say(words)), nil
}

// isSigned checks HMAC-SHA1 over the address and the sorted parameters.
func (listener *listener) isSigned(event *mfa.Request, form url.Values) bool {
	signed := publicBaseURL + event.RawPath
	if event.RawQueryString != "" {
		signed += "?" + event.RawQueryString
	}
	for _, name := range slices.Sorted(maps.Keys(form)) {
		for _, value := range slices.Compact(slices.Sorted(slices.Values(form[name]))) {
			signed += name + value
		}
	}
	given, err := base64.StdEncoding.DecodeString(event.Headers["x-twilio-signature"])
	if err != nil {
		return false
	}
	found := false
	for _, token := range []string{listener.tokens.Current, listener.tokens.Previous} {
		mac := hmac.New(sha1.New, []byte(token))
		mac.Write([]byte(signed))
		found = (token != "" && hmac.Equal(mac.Sum(nil), given)) || found
	}
	return found
}

type call struct {
	subject, session, token []byte
	generation              uint32
}

// callOf reads which call the path names.
func callOf(path map[string]string) (call, error) {
	id, secret := mfa.FromBase64URL(path["challenge"]), mfa.FromBase64URL(path["token"])
	if len(id) != 68 || len(secret) != 16 || path["event"] != "digits" {
		return call{}, &mfa.Problem{Status: 404, Name: "not-found", Detail: "There is no such resource."}
	}
	token := mfa.SHA256([]byte("call token"), secret)
	return call{subject: id[:32], session: id[32:64], token: token, generation: binary.BigEndian.Uint32(id[64:])}, nil
}

func (listener *listener) approve(ctx context.Context, call call, now int64) (*mfa.Challenge, bool, error) {
	const (
		approve    = "SET outcome = :approved, approvedAt = :now, approvedBy = :method"
		canApprove = "generation = :generation AND outcome = :pending AND callToken = :token AND expiresAt > :now " +
			"AND attempts < maxAttempts AND callState = :answered AND answeredBy IN (:human, :orUnjudged) " +
			"AND purpose = :login AND attribute_not_exists(contested)"
	)
	orUnjudged := "unjudged"
	if mfa.Policy.MachineDetection {
		orUnjudged = "human"
	}
	key := mfa.ChallengeKey(call.subject, call.session)
	return listener.store.UpdateChallenge(ctx, key, approve, canApprove, mfa.Values{
		":generation": call.generation,
		":pending":    "pending",
		":token":      call.token,
		":now":        now,
		":answered":   "answered",
		":human":      "human",
		":orUnjudged": orUnjudged,
		":login":      "login",
		":approved":   "approved",
		":method":     "press-pound",
	})
}

func escaped(text string) string {
	var out strings.Builder
	_ = xml.EscapeText(&out, []byte(text)) // writing to memory cannot fail
	return out.String()
}

func say(words string) string { return `<Say language="en-US">` + escaped(words) + `</Say>` }

func ask(path string) string {
	return `<Gather input="dtmf" finishOnKey="" numDigits="1" timeout="10" method="POST" action="` +
		escaped(publicBaseURL+path) + `">` + say(brand+". "+prompt) + `</Gather>`
}

func twiml(words string) *mfa.Response {
	return mfa.Reply(200, "text/xml", "<Response>"+words+"<Hangup/></Response>")
}
