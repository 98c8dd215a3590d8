package asyncapi_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/parley-go/parley/internal/rabbittest"
)

func TestMain(m *testing.M) {
	rabbittest.Main(m, func(code int) int {
		if err := goleak.Find(); err != nil && code == 0 {
			println(err.Error())
			return 1
		}
		return code
	})
}
