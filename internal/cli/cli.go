// Package cli is what the binary does for people: its sub-commands, one file each, their flags and
// help, exit codes, and the order in which the server's parts start and stop.
//
// It knows no GraphQL: package main passes in the function that builds the public handler. Only this
// package writes to standard output.
package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// Exit codes of the binary.
const (
	exitOK = 0
	// exitFailed is any failure, a broken invariant included.
	exitFailed = 1
	// exitUsage is a command line that cannot be understood.
	exitUsage = 2
	// exitInterrupted is what a shell expects of a command that Ctrl-C ended early.
	exitInterrupted = 130
)

// Program is one run of the binary.
type Program struct {
	// Name is how the user called the binary; help and hints repeat it.
	Name string
	// Args are the command line without the name.
	Args []string
	// Environ is in the form of os.Environ.
	Environ []string
	// Stdout is for what was asked for, Stderr for logs and errors.
	Stdout, Stderr io.Writer
	// Clock is the wall clock.
	Clock func() time.Time
	// NewHandler builds what is served on the public address.
	NewHandler NewHandler
}

// command is a sub-command.
type command struct {
	name string
	// operand names the one argument that the command needs beside its flags; empty for none.
	operand string
	// line is its entry in the list of commands, help what -h says above its flags.
	line, help string
	// bind declares its flags and returns what runs once they are parsed.
	bind func(*flag.FlagSet) action
}

// action runs a sub-command to its end. It returns an error that people can act on.
type action func(ctx context.Context, p *Program) error

// commands lists the sub-commands in the order of the help. The first is the default.
func commands() []command {
	return []command{
		serveCommand(), migrateCommand(), demoCommand(), tokenCommand(), verifyCommand(), exportCommand(), trialBalanceCommand(),
		proveCommand(), checkProofCommand(), checkpointCommand(), eventsCommand(), pruneCommand(), versionCommand(),
	}
}

// usageError is a mistake on the command line.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

func usagef(format string, args ...any) error {
	return &usageError{fmt.Sprintf(format, args...)}
}

// Run parses the command line, runs the sub-command until it is done or ctx ends, and returns the
// exit code: 0, 1 after a failure, 2 when the command line makes no sense, and 130 when ctx ended a
// command that had not finished. A server that was told to stop and did is a success.
func (p *Program) Run(ctx context.Context) int {
	name, args := commands()[0].name, p.Args
	if len(args) > 0 && (!strings.HasPrefix(args[0], "-") || isHelp(args[0])) {
		name, args = args[0], args[1:]
	}
	if name == "help" || isHelp(name) {
		p.help()
		return exitOK
	}
	i := slices.IndexFunc(commands(), func(c command) bool { return c.name == name })
	if i < 0 {
		fmt.Fprintf(p.Stderr, "%s: there is no command %q; %s -h lists them\n", p.Name, name, p.Name)
		return exitUsage
	}
	return p.run(ctx, commands()[i], args)
}

func isHelp(arg string) bool { return arg == "-h" || arg == "-help" || arg == "--help" }

func (p *Program) run(ctx context.Context, c command, args []string) int {
	flags := flag.NewFlagSet(c.name, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	do := c.bind(flags)
	operands := 0
	if c.operand != "" {
		operands = 1
		// Before the flags is as good as behind them, where parsing leaves it.
		if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
			args = append(slices.Clone(args[1:]), args[0])
		}
	}
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		p.commandHelp(c, flags)
		return exitOK
	case err != nil:
		err = usagef("%s", err)
	case flags.NArg() < operands:
		err = usagef("%s is missing", c.operand)
	case flags.NArg() > operands:
		err = usagef("unexpected argument %q", flags.Arg(operands))
	default:
		err = do(ctx, p)
	}
	return p.exit(ctx, c, err)
}

// exit reports err and chooses the exit code.
func (p *Program) exit(ctx context.Context, c command, err error) int {
	var usage *usageError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &usage):
		fmt.Fprintf(p.Stderr, "%s %s: %v; %s %s -h explains\n", p.Name, c.name, err, p.Name, c.name)
		return exitUsage
	case errors.Is(err, context.Canceled) && ctx.Err() != nil:
		fmt.Fprintf(p.Stderr, "%s %s: interrupted\n", p.Name, c.name)
		return exitInterrupted
	default:
		fmt.Fprintf(p.Stderr, "%s %s: %v\n", p.Name, c.name, err)
		return exitFailed
	}
}

func (p *Program) help() {
	fmt.Fprintf(p.Stdout, "Purser serves a marketplace's wallets over GraphQL, from a double-entry ledger in PostgreSQL.\n\n"+
		"Usage:\n  %s [command] [flags]\n\nCommands:\n", p.Name)
	for i, c := range commands() {
		line := c.line
		if i == 0 {
			line += " (the default)"
		}
		fmt.Fprintf(p.Stdout, "  %-13s %s\n", c.name, line)
	}
	fmt.Fprintf(p.Stdout, "\n%s <command> -h explains a command, its flags and the environment it reads.\n", p.Name)
}

func (p *Program) commandHelp(c command, flags *flag.FlagSet) {
	hasFlags := false
	flags.VisitAll(func(*flag.Flag) { hasFlags = true })
	usage := strings.TrimSpace(p.Name + " " + c.name + " " + c.operand)
	if hasFlags {
		usage += " [flags]"
	}
	fmt.Fprintf(p.Stdout, "Usage: %s\n\n%s\n", usage, strings.TrimSpace(c.help))
	if hasFlags {
		fmt.Fprintln(p.Stdout, "\nFlags:")
		flags.SetOutput(p.Stdout)
		flags.PrintDefaults()
	}
}
