"""The UCI handwritten digits that ship with scikit-learn, split the same way for training and for judging."""
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split


def split():
    """Images [n, 64] float32 in [-1, 1] and their labels: 1437 to train on, 360 held out."""
    digits = load_digits()
    pixels = (digits.data / 8.0 - 1.0).astype(np.float32)
    return train_test_split(pixels, digits.target, test_size=360, stratify=digits.target, random_state=0)
