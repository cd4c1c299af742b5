package mfa

import (
	"context"
	"crypto/sha256"
	"os"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
)

type header struct {
	Alg string `json:"alg"`
	Typ string `json:"typ"`
	Kid string `json:"kid"`
}

type claims struct {
	Iss      string   `json:"iss"`
	Aud      string   `json:"aud"`
	Sub      string   `json:"sub"`
	Iat      int64    `json:"iat"`
	Exp      int64    `json:"exp"`
	JTI      string   `json:"jti"`
	TXN      string   `json:"txn"`
	AMR      []string `json:"amr"`
	ACR      string   `json:"acr"`
	AuthTime int64    `json:"auth_time"`
}

// A Signer signs result tokens: JWTs, by a key in KMS.
type Signer struct {
	client *kms.Client
	key    string
	header string
}

// NewSigner opens it. The key's name is a digest, so that it tells nothing of the account.
func NewSigner(cfg aws.Config) *Signer {
	key := os.Getenv("SIGNING_KEY_ARN")
	digest := sha256.Sum256([]byte(key))
	header := header{"RS256", "mfa-result+jwt", Base64URL(digest[:])[:16]}
	return &Signer{kms.NewFromConfig(cfg), key, part(header)}
}

func part(value any) string { return Base64URL([]byte(toJSON(value))) }

// Sign signs what an approved challenge proves.
func (signer *Signer) Sign(ctx context.Context, factor *FirstFactor, challenge *Challenge) (string, error) {
	methods := slices.Concat(factor.AMR, []string{"otp", "sms", "mfa"})
	if challenge.ApprovedBy == "press-pound" {
		methods = slices.Concat(factor.AMR, []string{"tel", "mfa"})
	}
	unsigned := signer.header + "." + part(claims{
		Iss:      os.Getenv("PUBLIC_BASE_URL"),
		Aud:      os.Getenv("RESULT_AUDIENCE"),
		Sub:      factor.Sub,
		Iat:      challenge.ApprovedAt,
		Exp:      challenge.ApprovedAt + ResultLife,
		JTI:      Base64URL(SHA256([]byte("challenge"), factor.Subject, factor.Session, uint32Bytes(challenge.Generation))),
		TXN:      factor.TXN,
		AMR:      distinct(methods),
		ACR:      "urn:alliance-mfa:acr:phone",
		AuthTime: factor.AuthTime,
	})
	digest := sha256.Sum256([]byte(unsigned))
	signed, err := signer.client.Sign(ctx, &kms.SignInput{
		KeyId:            &signer.key,
		Message:          digest[:],
		MessageType:      types.MessageTypeDigest,
		SigningAlgorithm: types.SigningAlgorithmSpecRsassaPkcs1V15Sha256,
	})
	if err != nil {
		return "", err
	}
	return unsigned + "." + Base64URL(signed.Signature), nil
}

func distinct(methods []string) []string {
	var seen []string
	for _, method := range methods {
		if !slices.Contains(seen, method) {
			seen = append(seen, method)
		}
	}
	return seen
}
