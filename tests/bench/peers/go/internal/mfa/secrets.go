package mfa

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// ReadSecret reads a secret's document, once when the function starts.
func ReadSecret(ctx context.Context, cfg aws.Config, id string, document any) {
	client := secretsmanager.NewFromConfig(cfg)
	secret, err := client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &id})
	if err == nil {
		err = json.Unmarshal([]byte(aws.ToString(secret.SecretString)), document)
	}
	if err != nil {
		panic(err) // without its secrets the function cannot start
	}
}

// MACKeys are the keys of codes: one is used and all are tried, so that a rotation spoils no code on its way.
type MACKeys struct {
	inUse, next   []byte
	all           [][]byte
	nextNotBefore int64
}

// OpenMACKeys reads them.
func OpenMACKeys(ctx context.Context, cfg aws.Config) *MACKeys {
	var secret struct {
		Current, Previous, Next string
		NextNotBefore           time.Time
	}
	ReadSecret(ctx, cfg, os.Getenv("MAC_KEYS_SECRET_ARN"), &secret)
	keys := &MACKeys{nextNotBefore: secret.NextNotBefore.Unix()}
	derive := func(text string) []byte {
		if text == "" {
			return nil
		}
		key := SHA256([]byte("alliance-mfa code MAC key"), []byte(text))
		keys.all = append(keys.all, key)
		return key
	}
	keys.inUse = derive(secret.Current)
	derive(secret.Previous)
	keys.next = derive(secret.Next)
	return keys
}

// Make is the MAC to store of a code.
func (keys *MACKeys) Make(factor *FirstFactor, challenge *Challenge, code string, now int64) []byte {
	if keys.next != nil && keys.nextNotBefore <= now {
		return mac(keys.next, factor, challenge, code)
	}
	return mac(keys.inUse, factor, challenge, code)
}

// Judge tells whether a guess is one of the challenge's codes.
func (keys *MACKeys) Judge(factor *FirstFactor, challenge *Challenge, guess string) bool {
	found := false
	for _, key := range keys.all {
		found = IsAmong(mac(key, factor, challenge, guess), challenge.Codes) || found
	}
	return found
}

func mac(key []byte, factor *FirstFactor, challenge *Challenge, code string) []byte {
	generation := uint32Bytes(challenge.Generation)
	hash := hmac.New(sha256.New, key)
	return framed(hash, factor.Subject, factor.Session, generation, []byte(challenge.Phone), []byte(code))
}

// FromBase64URL reads bytes written without padding: none if the text is wrong.
func FromBase64URL(text string) []byte {
	bytes, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return nil
	}
	return bytes
}
