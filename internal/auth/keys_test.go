package auth_test

import (
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"

	"purser/internal/auth"
)

func TestPublicKeyFileRefuses(t *testing.T) {
	t.Parallel()
	k := keys()
	private := func(key any) []byte {
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	}
	ec, err := x509.MarshalECPrivateKey(k.p256)
	if err != nil {
		t.Fatal(err)
	}
	good := publicPEM(t, k.ed.Public())
	for name, c := range map[string]struct {
		content []byte
		want    string
	}{
		"Ed25519_private":     {private(k.ed), "private key"},
		"RSA_private":         {private(k.rsa), "private key"},
		"SEC1_private":        {pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: ec}), "private key"},
		"HMAC_secret":         {[]byte("correct horse battery staple"), "no PEM block"},
		"empty":               {nil, "no PEM block"},
		"P384":                {publicPEM(t, k.p384.Public()), "not usable"},
		"RSA_1024":            {publicPEM(t, k.rsaLow.Public()), "not usable"},
		"certificate":         {pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte{1}}), "PUBLIC KEY is needed"},
		"broken_DER":          {pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: []byte{1}}), "parse public key"},
		"two_keys":            {append(append([]byte{}, good...), good...), "more than one"},
		"public_then_private": {append(append([]byte{}, good...), private(k.ed)...), "more than one"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := auth.PublicKeyFile(writeFile(t, c.content))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got error %v, want one that says %q", err, c.want)
			}
			if strings.Contains(err.Error(), "battery") {
				t.Errorf("the error repeats the file: %v", err)
			}
		})
	}
	if _, err := auth.PublicKeyFile(t.TempDir() + "/absent"); err == nil {
		t.Error("an absent file must be an error")
	}
}
