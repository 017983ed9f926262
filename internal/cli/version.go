package cli

import (
	"context"
	"flag"
	"fmt"
	"runtime"
	"runtime/debug"

	"purser/internal/postgres"
)

func versionCommand() command {
	return command{
		name: "version",
		line: "print the version of the binary, of Go and of the database schema",
		help: "Prints the version and commit the binary was built from, as far as the build recorded them, the\n" +
			"version of Go, and the version of the database schema it needs.",
		bind: func(*flag.FlagSet) action { return printVersion },
	}
}

func printVersion(_ context.Context, p *Program) error {
	schema, err := postgres.SchemaVersion()
	if err != nil {
		return err
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = &debug.BuildInfo{}
	}
	fmt.Fprintf(p.Stdout, "purser %s\n%s %s/%s\nschema %d\n", buildVersion(info), runtime.Version(), runtime.GOOS, runtime.GOARCH, schema)
	return nil
}

// buildVersion is the module's version, which the go command derives from the commit where it can, and
// says so with +dirty when there were changes besides.
func buildVersion(info *debug.BuildInfo) string {
	if info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}
