"`python -m facefacts` is the command `facefacts`"
import sys
from facefacts.cli import main
sys.exit(main())
