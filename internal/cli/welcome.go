package cli

import (
	"fmt"
	"strings"

	"purser/internal/config"
)

// welcome tells people where the server is and how to ask it something. The lines with an address
// begin with a word and end with a URL, so that scripts can read them too.
func (s *server) welcome() {
	base, admin := "http://"+s.public.Addr().String(), "http://"+s.admin.Addr().String()
	w := s.program.Stdout
	fmt.Fprintf(w, "Purser serves in %s mode, from %s.\n\n", s.cfg.Mode, s.database.describe())
	fmt.Fprintf(w, "  Start    %s/\n", base)
	fmt.Fprintf(w, "  Play     %s/playground\n", base)
	fmt.Fprintf(w, "  GraphQL  %s/graphql\n", base)
	fmt.Fprintf(w, "  Schema   %s/schema.graphqls\n", base)
	fmt.Fprintf(w, "  Live     %s/livez\n", base)
	fmt.Fprintf(w, "  Ready    %s/readyz\n", base)
	fmt.Fprintf(w, "  Metrics  %s/metrics\n", admin)
	if s.cfg.Mode == config.Development && s.developmentKey() {
		s.invite(base)
	}
	fmt.Fprint(w, "\nCtrl-C stops it.\n")
}

// invite prints a request that can be pasted into another terminal.
func (s *server) invite(base string) {
	token := s.program.Name + " token -persona freelancer"
	if s.cfg.DataDir != "" {
		token = "PURSER_DATA_DIR=" + shellQuote(s.cfg.DataDir) + " " + token
	}
	fmt.Fprintf(s.program.Stdout, `
Tokens for development come from "%s token"; a freelancer of the demonstration asks for their wallet:

  TOKEN=$(%s)
  curl -s %s/graphql -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \
    -d '{"query":"{ viewer { wallets { id kind balance { available } } } }"}'

Of the others (-persona %s), the advertiser has campaigns, the product manager asks analytics.
`, s.program.Name, token, base, strings.Join(personaNames()[1:], "|"))
}

// developmentKey reports whether the server accepts tokens of the development key.
func (s *server) developmentKey() bool {
	return s.cfg.JWKSURL == "" && s.cfg.JWTPublicKeyFile == ""
}

// shellQuote makes any text one word of a POSIX shell.
func shellQuote(text string) string {
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
