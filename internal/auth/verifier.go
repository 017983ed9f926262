package auth

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
)

const (
	// tokenBytesMax bounds what is decoded for a caller not yet known.
	tokenBytesMax = 8 << 10
	// clockLeeway is how far the issuer's clock and ours may disagree.
	clockLeeway = 30 * time.Second
	// nameBytesMax bounds sub and jti, which are copied into logs and rows.
	nameBytesMax = 128
)

var mutationName = regexp.MustCompile(`^[_A-Za-z][_0-9A-Za-z]{0,63}$`)

// Verifier judges bearer tokens.
type Verifier interface {
	// Verify returns the caller a token stands for. Every refusal is a *TokenError; any other error
	// (ErrKeysUnavailable) means that the token could not be judged at all.
	Verify(ctx context.Context, token string) (*Principal, error)
}

// VerifierOptions say whose tokens are honoured. Every field is required: an audience or issuer left
// out would switch that check off.
type VerifierOptions struct {
	Issuer   string
	Audience string
	Keys     KeySource
	// Now is the clock that exp, nbf and iat are compared with.
	Now func() time.Time
}

type tokenVerifier struct {
	keys   KeySource
	parser *jwt.Parser
}

// NewVerifier returns a Verifier for tokens signed with EdDSA, ES256 or RS256. It returns an error
// when an option is missing, or when the development issuer is named with keys that are not the
// development key.
func NewVerifier(o VerifierOptions) (Verifier, error) {
	if o.Issuer == "" || o.Audience == "" || o.Keys == nil || o.Now == nil {
		return nil, errors.New("a token verifier needs an issuer, an audience, a key source and a clock")
	}
	if _, dev := o.Keys.(developmentKey); dev != (o.Issuer == DevelopmentIssuer) {
		return nil, errors.New("the issuer " + DevelopmentIssuer + " and the development key belong together")
	}
	return &tokenVerifier{keys: o.Keys, parser: jwt.NewParser(
		jwt.WithValidMethods(allowedAlgorithms),
		jwt.WithIssuer(o.Issuer),
		jwt.WithAudience(o.Audience),
		jwt.WithExpirationRequired(),
		jwt.WithIssuedAt(),
		jwt.WithLeeway(clockLeeway),
		jwt.WithStrictDecoding(),
		jwt.WithTimeFunc(o.Now),
	)}, nil
}

var allowedAlgorithms = []string{
	jwt.SigningMethodEdDSA.Alg(), jwt.SigningMethodES256.Alg(), jwt.SigningMethodRS256.Alg(),
}

type claims struct {
	jwt.RegisteredClaims
	Roles []string `json:"roles"`
	Scope *string  `json:"scope,omitempty"`
}

// Verify implements Verifier.
func (v *tokenVerifier) Verify(ctx context.Context, token string) (*Principal, error) {
	if len(token) > tokenBytesMax {
		return nil, ErrTokenTooLong
	}
	var c claims
	parsed, err := v.parser.ParseWithClaims(token, &c, func(t *jwt.Token) (any, error) {
		return v.signingKey(ctx, t)
	})
	if err != nil {
		return nil, refusal(parsed, &c, err)
	}
	return c.principal()
}

func (v *tokenVerifier) signingKey(ctx context.Context, t *jwt.Token) (any, error) {
	// RFC 7515 §4.1.11: extensions named in crit must be understood, and none is.
	if _, ok := t.Header["crit"]; ok {
		return nil, ErrTokenMalformed
	}
	key, err := v.keys.publicKey(ctx, t)
	if err != nil {
		return nil, err
	}
	if alg, ok := keyAlgorithm(key); !ok || alg != t.Method.Alg() {
		return nil, ErrTokenKeyType
	}
	return key, nil
}

// refusal maps the library's error, which may join several, to the first rule broken: form,
// algorithm, key and signature before any claim, because claims nobody signed mean nothing.
func refusal(t *jwt.Token, c *claims, err error) error {
	var own *TokenError
	switch {
	case errors.As(err, &own):
		return own
	case errors.Is(err, ErrKeysUnavailable), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, jwt.ErrTokenMalformed):
		return ErrTokenMalformed
	}
	if alg := headerAlgorithm(t); alg != "" && !slices.Contains(allowedAlgorithms, alg) {
		return ErrTokenAlgorithm
	}
	switch {
	case errors.Is(err, jwt.ErrTokenSignatureInvalid):
		return ErrTokenSignature
	case !errors.Is(err, jwt.ErrTokenInvalidClaims):
		return ErrTokenMalformed
	}
	if missing := c.missing(); missing != "" {
		return ErrTokenClaimMissing.about(missing)
	}
	switch {
	case errors.Is(err, jwt.ErrTokenExpired):
		return ErrTokenExpired
	case errors.Is(err, jwt.ErrTokenUsedBeforeIssued):
		return ErrTokenNotYetValid.about("iat")
	case errors.Is(err, jwt.ErrTokenNotValidYet):
		return ErrTokenNotYetValid.about("nbf")
	case errors.Is(err, jwt.ErrTokenInvalidIssuer):
		return ErrTokenIssuer
	case errors.Is(err, jwt.ErrTokenInvalidAudience):
		return ErrTokenAudience
	}
	return ErrTokenMalformed
}

func headerAlgorithm(t *jwt.Token) string {
	if t == nil {
		return ""
	}
	alg, _ := t.Header["alg"].(string)
	return alg
}

// missing returns the name of the first required claim that is absent or empty.
func (c *claims) missing() string {
	switch {
	case c.Issuer == "":
		return "iss"
	case len(c.Audience) == 0:
		return "aud"
	case c.ExpiresAt == nil:
		return "exp"
	case c.IssuedAt == nil:
		return "iat"
	case c.Subject == "":
		return "sub"
	case c.ID == "":
		return "jti"
	case len(c.Roles) == 0:
		return "roles"
	}
	return ""
}

// principal checks the claims that are ours and returns the caller they describe.
func (c *claims) principal() (*Principal, error) {
	if missing := c.missing(); missing != "" {
		return nil, ErrTokenClaimMissing.about(missing)
	}
	if !isPlainName(c.ID) {
		return nil, ErrTokenID
	}
	p := &Principal{Subject: c.Subject, TokenID: c.ID, ExpiresAt: c.ExpiresAt.UTC()}
	if err := p.setRoles(c.Roles); err != nil {
		return nil, err
	}
	if err := p.setSubject(); err != nil {
		return nil, err
	}
	if c.Scope != nil {
		if err := p.setScope(*c.Scope); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func (p *Principal) setRoles(names []string) error {
	for _, name := range names {
		role, ok := ParseRole(name)
		if !ok {
			return ErrTokenRole
		}
		if !slices.Contains(p.Roles, role) {
			p.Roles = append(p.Roles, role)
		}
	}
	return nil
}

// setSubject accepts exactly the 36-character form of a uuid for a party: the library would also
// read braces, a urn prefix and bare digits, and one party must have one spelling.
func (p *Principal) setSubject() error {
	if !slices.ContainsFunc(p.Roles, Role.IsParty) {
		if !isPlainName(p.Subject) {
			return ErrTokenSubject
		}
		return nil
	}
	id, err := uuid.Parse(p.Subject)
	if err != nil || id == uuid.Nil || id.String() != strings.ToLower(p.Subject) {
		return ErrTokenSubject
	}
	p.Subject, p.PartyID, p.HasParty = id.String(), id, true
	return nil
}

func (p *Principal) setScope(scope string) error {
	names := strings.Fields(scope)
	if !p.Has(RoleService) || len(names) == 0 {
		return ErrTokenScope
	}
	for _, name := range names {
		if !mutationName.MatchString(name) {
			return ErrTokenScope
		}
	}
	p.Scope = names
	return nil
}

func isPlainName(s string) bool {
	if s == "" || len(s) > nameBytesMax {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool { return r < '!' || r > '~' })
}
