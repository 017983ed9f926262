package cli

import (
	"context"
	"flag"
	"fmt"
	"strings"
	"time"

	"purser/internal/auth"
	"purser/internal/config"
	"purser/internal/demo"
	"purser/internal/embedpg"
)

// tokenFlags are the command line of token.
type tokenFlags struct {
	roles, subject, scope, persona string
	seed                           int64
	ttl                            time.Duration
}

func tokenCommand() command {
	return command{
		name: "token",
		line: "print a token for development",
		help: `
Prints a token that a server in development mode on the same data directory accepts, and nothing else,
so that it can be used as $(purser token ...). Name a role and a subject, or a persona of the
demonstration. The server need not run. There is no such command in production.

  purser token -persona freelancer
  purser token -persona advertiser
  purser token -role SERVICE -subject billing -scope "grantConnects purchaseConnects"
  purser token -role AGENCY_MEMBER,FREELANCER -subject 0192f0c8-0d9c-7cc0-8e6f-4b6d1a6c9a01 -ttl 8h

Environment:
  PURSER_DATA_DIR  where the development key is; it is made when missing
  PURSER_MODE      must be development, which is the default`,
		bind: func(flags *flag.FlagSet) action {
			var f tokenFlags
			flags.StringVar(&f.roles, "role", "", "a `role`, or several separated by commas: "+strings.Join(roleNames(), " "))
			flags.StringVar(&f.subject, "subject", "", "the party's uuid, or the `name` of a service or of staff")
			flags.StringVar(&f.scope, "scope", "", "the `mutations` a SERVICE may call, separated by spaces")
			flags.StringVar(&f.persona, "persona", "", "a `persona` of the demonstration instead of -role and -subject: "+strings.Join(personaNames(), " "))
			flags.Int64Var(&f.seed, "seed", seedDefault, "the `seed` the demonstration was loaded with")
			flags.DurationVar(&f.ttl, "ttl", auth.DevelopmentTTL, fmt.Sprintf("how long it is valid, at most %s", auth.DevelopmentTTLMax))
			return func(ctx context.Context, p *Program) error { return token(ctx, p, f) }
		},
	}
}

func token(_ context.Context, p *Program, f tokenFlags) error {
	cfg, err := config.Load(config.Token, p.Environ)
	if err != nil {
		return err
	}
	caller, err := f.caller()
	if err != nil {
		return err
	}
	if f.ttl <= 0 {
		return usagef("-ttl must be above 0")
	}
	issuer, err := developmentIssuer(cfg)
	if err != nil {
		return err
	}
	signed, err := issuer.Token(p.Clock(), caller.subject, caller.roles, caller.scope, f.ttl)
	if err != nil {
		return err
	}
	fmt.Fprintln(p.Stdout, signed)
	return nil
}

// tokenCaller is whom a token is for.
type tokenCaller struct {
	subject string
	roles   []auth.Role
	scope   []string
}

func (f tokenFlags) caller() (tokenCaller, error) {
	if f.persona != "" {
		return f.ofPersona()
	}
	if f.roles == "" || f.subject == "" {
		return tokenCaller{}, usagef("name -role and -subject, or a -persona")
	}
	caller := tokenCaller{subject: f.subject, scope: strings.Fields(f.scope)}
	for name := range strings.SplitSeq(f.roles, ",") {
		role, ok := auth.ParseRole(strings.TrimSpace(name))
		if !ok {
			return tokenCaller{}, usagef("there is no role %q; the roles are %s", name, strings.Join(roleNames(), " "))
		}
		caller.roles = append(caller.roles, role)
	}
	return caller, nil
}

// ofPersona is a persona of the demonstration, with the scope asked for or else
// the persona's own.
func (f tokenFlags) ofPersona() (tokenCaller, error) {
	if f.roles != "" || f.subject != "" {
		return tokenCaller{}, usagef("name either -persona or -role and -subject")
	}
	persona, ok := demo.FindPersona(f.seed, f.persona)
	if !ok {
		return tokenCaller{}, usagef("there is no persona %q; the personas are %s", f.persona, strings.Join(personaNames(), " "))
	}
	caller := tokenCaller{subject: persona.Subject, scope: persona.Scope}
	if f.scope != "" {
		caller.scope = strings.Fields(f.scope)
	}
	for _, name := range persona.Roles {
		caller.roles = append(caller.roles, auth.Role(name))
	}
	return caller, nil
}

func roleNames() []string {
	names := make([]string, 0, len(auth.Roles()))
	for _, role := range auth.Roles() {
		names = append(names, string(role))
	}
	return names
}

func personaNames() []string {
	var names []string
	for _, persona := range demo.Personas(seedDefault) {
		names = append(names, persona.Name)
	}
	return names
}

// developmentIssuer signs and verifies with the key in the data directory, which is made as the
// private PostgreSQL needs it, whichever of the two comes first.
func developmentIssuer(cfg config.Config) (*auth.DevIssuer, error) {
	dir, err := embedpg.EnsureDataDir(cfg.DataDir)
	if err != nil {
		return nil, err
	}
	return auth.DevKey(dir)
}
