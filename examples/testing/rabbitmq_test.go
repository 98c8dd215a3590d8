package main

import (
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/internal/rabbittest"
	"github.com/parley-go/parley/testing/parleytest"
)

func TestMain(m *testing.M) { rabbittest.Main(m) }

// The same tests pass on RabbitMQ, by one environment variable.
func TestOnRabbitMQ(t *testing.T) {
	if os.Getenv(parleytest.EnvURL) != "" {
		t.Skip("they run on RabbitMQ already")
	}
	again := exec.CommandContext(t.Context(), os.Args[0], "-test.v", "-test.skip", "TestOnRabbitMQ")
	again.Env = append(os.Environ(), parleytest.EnvURL+"="+rabbittest.URL(t))
	output, err := again.CombinedOutput()
	require.NoError(t, err, string(output))
	require.Contains(t, string(output), "PASS: TestCustomerGetsReceipt")
}
