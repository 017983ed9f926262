package scalar_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"

	"purser/internal/scalar"
)

// render returns what m writes into a response.
func render(m graphql.Marshaler) string {
	var b bytes.Buffer
	m.MarshalGQL(&b)
	return b.String()
}

// wantRefusal checks that err is a refusal by the scalar that is fit to be shown.
func wantRefusal(t *testing.T, err error, name string) {
	t.Helper()
	var refusal *scalar.Error
	if !errors.As(err, &refusal) {
		t.Fatalf("error = %v, want a *scalar.Error", err)
	}
	if refusal.Scalar != name || refusal.Expected == "" {
		t.Errorf("refusal by %q expecting %q, want one by %s that says what it expects", refusal.Scalar, refusal.Expected, name)
	}
	if len(refusal.Got) > 64 {
		t.Errorf("refusal repeats %d bytes of the input, want at most 64", len(refusal.Got))
	}
}

func TestErrorTextSaysWhatIsExpected(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é\x00", 1000)
	for name, tc := range map[string]struct {
		input any
		want  string
	}{
		"string":          {"12", `, got "12"`},
		"null":            {nil, ", got null"},
		"list":            {[]any{"secret"}, ", got a list"},
		"object":          {map[string]any{"secret": 1}, ", got an object"},
		"bool":            {true, ", got true"},
		"number":          {json.Number("1.5"), `, got "1.5"`},
		"a_foreign_type":  {struct{ s string }{"secret"}, ", got another type"},
		"long_and_binary": {long, "..."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := scalar.UnmarshalConnects(tc.input)
			wantRefusal(t, err, "Connects")
			text := err.Error()
			if !strings.HasPrefix(text, "Connects: expected a whole number") || !strings.HasSuffix(text, tc.want) {
				t.Errorf("text = %q, want a whole number to be expected and %q at the end", text, tc.want)
			}
			if strings.Contains(text, "secret") || len(text) > 200 {
				t.Errorf("text = %q shows too much of the input", text)
			}
		})
	}
	if got, want := (&scalar.Error{Scalar: "X", Expected: "y"}).Error(), "X: expected y"; got != want {
		t.Errorf("text without input = %q, want %q", got, want)
	}
}
