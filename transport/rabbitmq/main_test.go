package rabbitmq_test

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/parley-go/parley/internal/rabbittest"
)

func TestMain(m *testing.M) {
	rabbittest.Main(m, func(code int) int {
		if code != 0 {
			return code
		}
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return 0
	})
}
