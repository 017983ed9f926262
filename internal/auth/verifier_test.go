package auth_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"purser/internal/auth"
)

func TestVerifyAcceptsEachAlgorithm(t *testing.T) {
	t.Parallel()
	k := keys()
	want := &auth.Principal{
		Subject: party, PartyID: uuid.MustParse(party), HasParty: true,
		Roles: []auth.Role{auth.RoleFreelancer}, TokenID: "token-1", ExpiresAt: now.Add(time.Hour),
	}
	for name, c := range map[string]struct {
		method jwt.SigningMethod
		key    any
		public any
	}{
		"EdDSA": {jwt.SigningMethodEdDSA, k.ed, k.ed.Public()},
		"ES256": {jwt.SigningMethodES256, k.p256, k.p256.Public()},
		"RS256": {jwt.SigningMethodRS256, k.rsa, k.rsa.Public()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := fileVerifier(t, c.public).Verify(t.Context(), sign(t, c.method, c.key, goodClaims(nil), nil))
			if err != nil {
				t.Fatalf("Verify: %v", err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("principal (-want +got):\n%s", diff)
			}
		})
	}
}

func TestVerifyClaims(t *testing.T) {
	t.Parallel()
	v := fileVerifier(t, keys().ed.Public())
	service := []string{"SERVICE"}
	for name, c := range map[string]struct {
		change jwt.MapClaims
		want   error
	}{
		"expired_by_31_s":               {jwt.MapClaims{"exp": now.Add(-31 * time.Second).Unix()}, auth.ErrTokenExpired},
		"expired_by_29_s_is_ok":         {jwt.MapClaims{"exp": now.Add(-29 * time.Second).Unix()}, nil},
		"exp_missing":                   {jwt.MapClaims{"exp": nil}, auth.ErrTokenClaimMissing},
		"exp_of_another_type":           {jwt.MapClaims{"exp": "tomorrow"}, auth.ErrTokenMalformed},
		"iat_31_s_ahead":                {jwt.MapClaims{"iat": now.Add(31 * time.Second).Unix()}, auth.ErrTokenNotYetValid},
		"iat_29_s_ahead_is_ok":          {jwt.MapClaims{"iat": now.Add(29 * time.Second).Unix()}, nil},
		"iat_missing":                   {jwt.MapClaims{"iat": nil}, auth.ErrTokenClaimMissing},
		"nbf_ahead":                     {jwt.MapClaims{"nbf": now.Add(time.Minute).Unix()}, auth.ErrTokenNotYetValid},
		"wrong_issuer":                  {jwt.MapClaims{"iss": "https://id.example.evil"}, auth.ErrTokenIssuer},
		"iss_missing":                   {jwt.MapClaims{"iss": nil}, auth.ErrTokenClaimMissing},
		"wrong_audience":                {jwt.MapClaims{"aud": "somebody-else"}, auth.ErrTokenAudience},
		"audience_among_others_is_ok":   {jwt.MapClaims{"aud": []string{"x", audience}}, nil},
		"aud_missing":                   {jwt.MapClaims{"aud": nil}, auth.ErrTokenClaimMissing},
		"aud_empty":                     {jwt.MapClaims{"aud": []string{}}, auth.ErrTokenClaimMissing},
		"jti_missing":                   {jwt.MapClaims{"jti": nil}, auth.ErrTokenClaimMissing},
		"jti_of_129_bytes":              {jwt.MapClaims{"jti": strings.Repeat("a", 129)}, auth.ErrTokenID},
		"jti_with_newline":              {jwt.MapClaims{"jti": "a\nb"}, auth.ErrTokenID},
		"sub_missing":                   {jwt.MapClaims{"sub": nil}, auth.ErrTokenClaimMissing},
		"freelancer_without_uuid":       {jwt.MapClaims{"sub": "alice"}, auth.ErrTokenSubject},
		"advertiser_without_uuid":       {jwt.MapClaims{"sub": "alice", "roles": []string{"ADVERTISER_ANALYST"}}, auth.ErrTokenSubject},
		"agency_without_uuid":           {jwt.MapClaims{"sub": "alice", "roles": []string{"AGENCY_MEMBER"}}, auth.ErrTokenSubject},
		"uuid_in_braces":                {jwt.MapClaims{"sub": "{" + party + "}"}, auth.ErrTokenSubject},
		"uuid_as_urn":                   {jwt.MapClaims{"sub": "urn:uuid:" + party}, auth.ErrTokenSubject},
		"nil_uuid":                      {jwt.MapClaims{"sub": uuid.Nil.String()}, auth.ErrTokenSubject},
		"uuid_in_capitals_is_ok":        {jwt.MapClaims{"sub": strings.ToUpper(party)}, nil},
		"staff_name_is_ok":              {jwt.MapClaims{"sub": "bob@example", "roles": []string{"FINANCE"}}, nil},
		"staff_name_with_space":         {jwt.MapClaims{"sub": "bob x", "roles": []string{"FINANCE"}}, auth.ErrTokenSubject},
		"staff_name_of_129_bytes":       {jwt.MapClaims{"sub": strings.Repeat("b", 129), "roles": []string{"FINANCE"}}, auth.ErrTokenSubject},
		"roles_missing":                 {jwt.MapClaims{"roles": nil}, auth.ErrTokenClaimMissing},
		"roles_empty":                   {jwt.MapClaims{"roles": []string{}}, auth.ErrTokenClaimMissing},
		"roles_not_an_array":            {jwt.MapClaims{"roles": "FREELANCER"}, auth.ErrTokenMalformed},
		"roles_of_numbers":              {jwt.MapClaims{"roles": []int{1}}, auth.ErrTokenMalformed},
		"unknown_role_beside_known":     {jwt.MapClaims{"roles": []string{"FREELANCER", "ROOT"}}, auth.ErrTokenRole},
		"role_in_lower_case":            {jwt.MapClaims{"roles": []string{"freelancer"}}, auth.ErrTokenRole},
		"scope_without_service":         {jwt.MapClaims{"scope": "grantConnects"}, auth.ErrTokenScope},
		"scope_of_service_is_ok":        {jwt.MapClaims{"sub": "ads", "roles": service, "scope": "grantConnects openWallet"}, nil},
		"scope_empty":                   {jwt.MapClaims{"sub": "ads", "roles": service, "scope": " "}, auth.ErrTokenScope},
		"scope_no_mutation_name":        {jwt.MapClaims{"sub": "ads", "roles": service, "scope": "grant-connects"}, auth.ErrTokenScope},
		"scope_as_array":                {jwt.MapClaims{"sub": "ads", "roles": service, "scope": []string{"a"}}, auth.ErrTokenMalformed},
		"service_without_scope_is_ok":   {jwt.MapClaims{"sub": "ads", "roles": service}, nil},
		"missing_claim_before_expiry":   {jwt.MapClaims{"aud": nil, "exp": now.Add(-time.Hour).Unix()}, auth.ErrTokenClaimMissing},
		"expiry_before_wrong_audience":  {jwt.MapClaims{"aud": "x", "exp": now.Add(-time.Hour).Unix()}, auth.ErrTokenExpired},
		"exp_beyond_every_calendar_nan": {jwt.MapClaims{"exp": "NaN"}, auth.ErrTokenMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			token := sign(t, jwt.SigningMethodEdDSA, keys().ed, goodClaims(c.change), nil)
			p, err := v.Verify(t.Context(), token)
			checkRefusal(t, p, err, c.want)
		})
	}
}

func checkRefusal(t *testing.T, p *auth.Principal, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got error %v, want %v", err, want)
	}
	if want == nil {
		return
	}
	if p != nil {
		t.Errorf("got a principal beside the error: %+v", p)
	}
	var refused *auth.TokenError
	if !errors.As(err, &refused) {
		t.Fatalf("got %T, want a *TokenError", err)
	}
	for _, secret := range []string{party, "alice", "ROOT", "somebody-else", "evil"} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("the text %q repeats what the token said (%q)", err, secret)
		}
	}
}

func TestVerifyRefusesForgeries(t *testing.T) {
	t.Parallel()
	k := keys()
	ed, rsaKey := fileVerifier(t, k.ed.Public()), fileVerifier(t, k.rsa.Public())
	good := sign(t, jwt.SigningMethodEdDSA, k.ed, goodClaims(nil), nil)
	parts := strings.Split(good, ".")
	unsigned := sign(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, goodClaims(nil), nil)
	for name, c := range map[string]struct {
		verifier auth.Verifier
		token    string
		want     error
	}{
		"empty":                     {ed, "", auth.ErrTokenMalformed},
		"words":                     {ed, "let me in", auth.ErrTokenMalformed},
		"two_segments":              {ed, parts[0] + "." + parts[1], auth.ErrTokenMalformed},
		"four_segments":             {ed, good + ".x", auth.ErrTokenMalformed},
		"over_8_KB":                 {ed, good + strings.Repeat("A", 8192), auth.ErrTokenTooLong},
		"alg_none":                  {ed, unsigned, auth.ErrTokenAlgorithm},
		"alg_none_with_signature":   {ed, unsigned + parts[2], auth.ErrTokenAlgorithm},
		"alg_unknown":               {ed, segment(`{"alg":"nOnE"}`) + "." + parts[1] + ".", auth.ErrTokenAlgorithm},
		"alg_missing":               {ed, segment(`{"typ":"JWT"}`) + "." + parts[1] + "." + parts[2], auth.ErrTokenMalformed},
		"HS256_with_public_PEM":     {rsaKey, sign(t, jwt.SigningMethodHS256, publicPEM(t, k.rsa.Public()), goodClaims(nil), nil), auth.ErrTokenAlgorithm},
		"HS256_with_public_bytes":   {ed, sign(t, jwt.SigningMethodHS256, []byte(k.ed.Public().(ed25519.PublicKey)), goodClaims(nil), nil), auth.ErrTokenAlgorithm},
		"RS512_is_not_listed":       {rsaKey, sign(t, jwt.SigningMethodRS512, k.rsa, goodClaims(nil), nil), auth.ErrTokenAlgorithm},
		"PS256_is_not_listed":       {rsaKey, sign(t, jwt.SigningMethodPS256, k.rsa, goodClaims(nil), nil), auth.ErrTokenAlgorithm},
		"RS256_for_an_Ed25519_key":  {ed, sign(t, jwt.SigningMethodRS256, k.rsa, goodClaims(nil), nil), auth.ErrTokenKeyType},
		"EdDSA_for_an_RSA_key":      {rsaKey, good, auth.ErrTokenKeyType},
		"another_key":               {ed, sign(t, jwt.SigningMethodEdDSA, k.edOther, goodClaims(nil), nil), auth.ErrTokenSignature},
		"expired_and_another_key":   {ed, sign(t, jwt.SigningMethodEdDSA, k.edOther, goodClaims(jwt.MapClaims{"exp": 1}), nil), auth.ErrTokenSignature},
		"claims_swapped":            {ed, parts[0] + "." + segment(`{"sub":"root"}`) + "." + parts[2], auth.ErrTokenSignature},
		"signature_missing":         {ed, parts[0] + "." + parts[1] + ".", auth.ErrTokenSignature},
		"padded_base64":             {ed, good + "==", auth.ErrTokenMalformed},
		"standard_base64_alphabet":  {ed, parts[0] + "." + parts[1] + ".+/+/", auth.ErrTokenMalformed},
		"non_canonical_base64_bits": {ed, good[:len(good)-1] + nextSymbol(good[len(good)-1]), auth.ErrTokenMalformed},
		"critical_extension":        {ed, sign(t, jwt.SigningMethodEdDSA, k.ed, goodClaims(nil), map[string]any{"crit": []string{"b64"}, "b64": false}), auth.ErrTokenMalformed},
		"claims_are_no_object":      {ed, parts[0] + "." + segment(`[1]`) + "." + parts[2], auth.ErrTokenMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := c.verifier.Verify(t.Context(), c.token)
			checkRefusal(t, p, err, c.want)
		})
	}
	if _, err := ed.Verify(t.Context(), good); err != nil {
		t.Errorf("the token the forgeries are made from: %v", err)
	}
}

func segment(json string) string { return base64.RawURLEncoding.EncodeToString([]byte(json)) }

// nextSymbol changes bits of the last base64 symbol that carry no data: an Ed25519 signature is 64
// bytes, so four bits of its 86th symbol are padding that a lax decoder ignores.
func nextSymbol(b byte) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return string(alphabet[strings.IndexByte(alphabet, b)+1])
}

func TestNewVerifierNeedsEveryOption(t *testing.T) {
	t.Parallel()
	source, err := auth.PublicKeyFile(writeFile(t, publicPEM(t, keys().ed.Public())))
	if err != nil {
		t.Fatal(err)
	}
	full := auth.VerifierOptions{Issuer: issuer, Audience: audience, Keys: source, Now: clock}
	for name, change := range map[string]func(*auth.VerifierOptions){
		"issuer":                        func(o *auth.VerifierOptions) { o.Issuer = "" },
		"audience":                      func(o *auth.VerifierOptions) { o.Audience = "" },
		"keys":                          func(o *auth.VerifierOptions) { o.Keys = nil },
		"clock":                         func(o *auth.VerifierOptions) { o.Now = nil },
		"development_issuer_other_keys": func(o *auth.VerifierOptions) { o.Issuer = auth.DevelopmentIssuer },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := full
			change(&o)
			if v, err := auth.NewVerifier(o); err == nil {
				t.Errorf("got %v, want an error", v)
			}
		})
	}
}
