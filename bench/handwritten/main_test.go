package handwritten_test

import (
	"os"
	"testing"

	"purser/internal/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }
