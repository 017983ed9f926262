package auth

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/MicahParks/jwkset"
	"github.com/MicahParks/keyfunc/v3"
	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/time/rate"
)

const (
	// jwksRefreshInterval is how long a key removed by the issuer may still be honoured.
	jwksRefreshInterval = 15 * time.Minute
	// jwksUnknownKeyInterval is the shortest time between two fetches caused by tokens with an
	// unknown key id. Without it, anyone could make the server hammer the issuer.
	jwksUnknownKeyInterval = 30 * time.Second
	// jwksTimeout bounds one fetch. It is below the request timeout, because a token with a new key
	// id waits for one.
	jwksTimeout = 2 * time.Second
	// jwksBytesMax bounds a key set; the largest public ones are under 50 KB.
	jwksBytesMax = 1 << 20
	// jwksRedirectsMax bounds the redirects of one fetch.
	jwksRedirectsMax = 3
)

type jwksSource struct {
	keys keyfunc.Keyfunc
}

// JWKS reads the issuer's key set from an http or https URL, now and every 15 minutes until ctx
// ends, and once more, at most every 30 seconds, when a token names a key it does not know. It
// returns an error when the first fetch fails or finds no usable key: a server that can admit
// nobody should not come up.
func JWKS(ctx context.Context, rawURL string, log *slog.Logger) (KeySource, error) {
	u, err := url.Parse(rawURL)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return nil, errors.New("the JWKS URL must be an absolute http or https URL")
	}
	store, err := jwkset.NewStorageFromHTTP(rawURL, jwkset.HTTPClientStorageOptions{
		Client:          jwksClient(),
		Ctx:             ctx,
		HTTPTimeout:     jwksTimeout,
		RefreshInterval: jwksRefreshInterval,
		RefreshErrorHandler: func(ctx context.Context, err error) {
			log.ErrorContext(ctx, "key set not refreshed", "url", u.Redacted(), "error", err)
		},
	})
	if err != nil {
		return nil, fmt.Errorf("fetch key set %s: %w", u.Redacted(), err)
	}
	if err := requireUsableKey(ctx, store); err != nil {
		return nil, fmt.Errorf("key set %s: %w", u.Redacted(), err)
	}
	client, err := jwkset.NewHTTPClient(jwkset.HTTPClientOptions{
		HTTPURLs: map[string]jwkset.Storage{rawURL: store},
		// The library waits for the limiter and fetches under this one deadline; a limiter that cannot
		// grant within it answers at once, so a flood of unknown key ids does not queue up.
		RateLimitWaitMax:  jwksTimeout,
		RefreshUnknownKID: rate.NewLimiter(rate.Every(jwksUnknownKeyInterval), 1),
	})
	if err != nil {
		return nil, fmt.Errorf("key set %s: %w", u.Redacted(), err)
	}
	keys, err := keyfunc.New(keyfunc.Options{
		Ctx:          ctx,
		Storage:      client,
		UseWhitelist: []jwkset.USE{jwkset.UseSig, ""}, // a key published for encryption must not verify
	})
	if err != nil {
		return nil, fmt.Errorf("key set %s: %w", u.Redacted(), err)
	}
	return jwksSource{keys: keys}, nil
}

func requireUsableKey(ctx context.Context, store jwkset.Storage) error {
	all, err := store.KeyReadAll(ctx)
	if err != nil {
		return fmt.Errorf("read keys: %w", err)
	}
	for _, k := range all {
		if _, ok := keyAlgorithm(k.Key()); ok && k.Marshal().KID != "" {
			return nil
		}
	}
	return errors.New("it holds no key with a kid that is Ed25519, ECDSA P-256 or RSA of at least 2048 bits")
}

func (s jwksSource) publicKey(ctx context.Context, token *jwt.Token) (crypto.PublicKey, error) {
	// Without a kid the library would try every key of the set on a token nobody signed.
	if kid, ok := token.Header[jwkset.HeaderKID].(string); !ok || kid == "" {
		return nil, ErrTokenKeyUnknown
	}
	key, err := s.keys.KeyfuncCtx(ctx)(token)
	if err == nil {
		return key, nil
	}
	known, readErr := s.keys.Storage().KeyReadAll(ctx)
	if readErr != nil || len(known) == 0 {
		return nil, fmt.Errorf("find signing key: %w: %w", ErrKeysUnavailable, err)
	}
	return nil, ErrTokenKeyUnknown
}

func jwksClient() *http.Client {
	return &http.Client{
		Timeout:   jwksTimeout,
		Transport: boundedBody{http.DefaultTransport},
		CheckRedirect: func(req *http.Request, via []*http.Request) error {
			if len(via) > jwksRedirectsMax {
				return fmt.Errorf("more than %d redirects", jwksRedirectsMax)
			}
			if via[0].URL.Scheme == "https" && req.URL.Scheme != "https" {
				return errors.New("redirect from https to " + req.URL.Scheme)
			}
			return nil
		},
	}
}

// boundedBody cuts answers at jwksBytesMax: the library decodes whatever it is sent.
type boundedBody struct{ next http.RoundTripper }

func (b boundedBody) RoundTrip(req *http.Request) (*http.Response, error) {
	res, err := b.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	res.Body = http.MaxBytesReader(nil, res.Body, jwksBytesMax)
	return res, nil
}
