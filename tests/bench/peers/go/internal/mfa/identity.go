package mfa

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"hash"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-lambda-go/events"
)

const memory = 3600

// A FirstFactor is who asks, from the claims that API Gateway's authorizer has verified.
type FirstFactor struct {
	Subject, Session []byte // the digests that items are known by
	Sub, TXN, Phone  string
	AMR              []string
	AuthTime         int64
	KeepUntil        int64
}

// framed feeds fields to a hash, each framed by its length so that no two lists of fields collide.
func framed(into hash.Hash, fields ...[]byte) []byte {
	for _, field := range fields {
		into.Write(binary.BigEndian.AppendUint64(nil, uint64(len(field))))
		into.Write(field)
	}
	return into.Sum(nil)
}

// SHA256 digests fields.
func SHA256(fields ...[]byte) []byte { return framed(sha256.New(), fields...) }

// Base64URL writes bytes without padding.
func Base64URL(bytes []byte) string { return base64.RawURLEncoding.EncodeToString(bytes) }

func uint32Bytes(number uint32) []byte { return binary.BigEndian.AppendUint32(nil, number) }

// IsAmong tells whether a digest is one of those stored, in constant time.
func IsAmong(digest []byte, stored [][]byte) bool {
	found := false
	for _, other := range stored {
		found = hmac.Equal(digest, other) || found
	}
	return found
}

// ReadFirstFactor reads the claims of a request.
func ReadFirstFactor(event *events.APIGatewayV2HTTPRequest, now int64) (*FirstFactor, error) {
	var claims map[string]string
	if authorizer := event.RequestContext.Authorizer; authorizer != nil && authorizer.JWT != nil {
		claims = authorizer.JWT.Claims
	}
	for _, name := range []string{"iss", "sub"} {
		if claims[name] == "" {
			return nil, unauthenticated(name)
		}
	}
	authTime, err := strconv.ParseInt(claims["auth_time"], 10, 64)
	if err != nil || authTime+Policy.MaxAuthAge <= now || authTime > now+Skew {
		return nil, &Problem{403, "authentication-too-old", "The first factor was given too long ago. Sign in again.", nil}
	}
	exp, err := strconv.ParseInt(claims["exp"], 10, 64)
	if err != nil {
		return nil, unauthenticated("exp")
	}
	if claims["jti"] == "" {
		return nil, &Problem{403, "session-missing", "The first factor's token does not name its session.", nil}
	}
	amr := methods(claims["amr"])
	if slices.ContainsFunc(amr, func(method string) bool { return !plainMethod.MatchString(method) }) {
		return nil, unauthenticated("amr")
	}
	factor := &FirstFactor{
		Subject:   SHA256([]byte("subject"), []byte(claims["iss"]), []byte(claims["sub"])),
		Session:   SHA256([]byte("session"), []byte(claims["jti"]), make([]byte, 8)), // zero: a `jti` outlives no login
		Sub:       claims["sub"],
		TXN:       claims["jti"],
		AMR:       amr,
		AuthTime:  authTime,
		KeepUntil: max(exp, authTime+Policy.MaxAuthAge) + memory,
	}
	if claims["phone_number_verified"] == "true" {
		factor.Phone = claims["phone_number"]
	}
	return factor, nil
}

func unauthenticated(claim string) error {
	detail := "The first factor's token lacks a claim, or one cannot be read."
	return &Problem{401, "unauthenticated", detail, More{"claim": claim}}
}

var plainMethod = regexp.MustCompile(`^[\w.:/-]+$`)

// methods reads a list as API Gateway writes it: `[pwd mfa]`.
func methods(claim string) []string {
	if strings.HasPrefix(claim, "[") && strings.HasSuffix(claim, "]") {
		claim = claim[1 : len(claim)-1]
	}
	return strings.Fields(claim)
}
