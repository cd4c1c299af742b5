// GET /v1/challenge: all that the page needs to draw itself and, once approved, the result token.
package main

import (
	"context"
	"log/slog"

	"alliance-mfa.example/bench/internal/mfa"
)

func main() {
	cfg := mfa.Config(context.Background())
	store, signer := mfa.NewStore(cfg), mfa.NewSigner(cfg)
	mfa.Serve("status", func(ctx context.Context, event *mfa.Request, now int64, _ *slog.Logger) (*mfa.Response, error) {
		factor, err := mfa.ReadFirstFactor(event, now)
		if err != nil {
			return nil, err
		}
		if err := mfa.OnlyLogin(event.QueryStringParameters["purpose"]); err != nil {
			return nil, err
		}
		stored, err := store.Load(ctx, factor)
		if err != nil {
			return nil, err
		}
		var token string
		if own := stored.Own; own != nil && own.Settled && own.ApprovedAt+mfa.ResultLife > now {
			if token, err = signer.Sign(ctx, factor, own); err != nil {
				return nil, err
			}
		}
		return mfa.Show(200, stored, factor, now, token), nil
	})
}
