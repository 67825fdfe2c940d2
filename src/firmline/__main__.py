"""``python -m firmline``: the same program where its script is not on the path."""

from firmline.cli.entry import main

if __name__ == "__main__":
    main()
