"""Titles, forms and lengths of the generated content."""

from typing import NamedTuple


class Title(NamedTuple):
    """A content item: `form` is its content type, `minutes` its length."""

    text: str
    form: str
    minutes: int
    category: str


CATEGORIES = ("Compliance", "Safety", "Security", "Leadership", "Skills", "Wellbeing")

# The first ones appear first in lists.
TITLES = (
    Title("GDPR Essentials 2027", "video", 45, "Compliance"),
    Title("Fire Safety at Work", "video", 30, "Safety"),
    Title("Information Security Basics", "video", 40, "Security"),
    Title("Code of Conduct 2027", "document", 20, "Compliance"),
    Title("Anti-Bribery and Corruption", "quiz", 35, "Compliance"),
    Title("Recognising Phishing", "quiz", 15, "Security"),
    Title("First Aid Refresher", "video", 90, "Safety"),
    Title("Manual Handling", "video", 25, "Safety"),
    Title("Respect at Work: Preventing Harassment", "video", 50, "Compliance"),
    Title("Giving Feedback That Helps", "article", 12, "Leadership"),
    Title("Your First 90 Days at Northwind", "article", 20, "Skills"),
    Title("Display Screen Equipment Check", "quiz", 10, "Safety"),
    Title("Unconscious Bias", "audio", 35, "Leadership"),
    Title("Modern Slavery Awareness", "video", 30, "Compliance"),
    Title("Writing for Busy Readers", "article", 25, "Skills"),
    Title("Passwords and Passkeys", "video", 12, "Security"),
    Title("Mental Health: Noticing and Asking", "audio", 40, "Wellbeing"),
    Title("Running Meetings People Value", "video", 35, "Leadership"),
    Title("Travel and Expenses Policy", "document", 15, "Compliance"),
    Title("Lone Working", "document", 20, "Safety"),
    Title("Insider Dealing and Market Abuse", "quiz", 40, "Compliance"),
    Title("Forklift Pre-use Checks", "video", 18, "Safety"),
    Title("Handling Customer Complaints", "video", 45, "Skills"),
    Title("Spreadsheets: Formulas You Will Use", "video", 75, "Skills"),
    Title("Coaching Conversations", "audio", 55, "Leadership"),
    Title("Working at Height", "video", 60, "Safety"),
    Title("Data Classification Guide", "document", 15, "Security"),
    Title("Accessible Documents", "article", 20, "Skills"),
    Title("Competition Law in Practice", "video", 50, "Compliance"),
    Title("Sleep and Shift Work", "audio", 30, "Wellbeing"),
    Title("Interviewing Fairly", "video", 40, "Leadership"),
    Title("Sanctions and Export Control", "quiz", 45, "Compliance"),
    Title("Using Generative AI Responsibly", "video", 35, "Security"),
    Title("Hazardous Substances (COSHH)", "quiz", 30, "Safety"),
    Title("Presenting With Confidence", "video", 65, "Skills"),
    Title("Whistleblowing: How to Speak Up", "document", 12, "Compliance"),
    Title("Budgeting for Non-Accountants", "video", 80, "Skills"),
    Title("Menopause at Work", "article", 15, "Wellbeing"),
    Title("Incident Reporting", "quiz", 12, "Safety"),
    Title("Leading Through Change", "video", 70, "Leadership"),
)
EDITIONS = (
    "for Managers",
    "for Warehouse Teams",
    "for New Starters",
    "Annual Refresher",
    "Deep Dive",
    "Case Studies",
    "in Practice",
    "Final Assessment",
)
COURSES = (
    "New Starter Journey",
    "Annual Compliance Programme 2027",
    "Safe Warehouse Certificate",
    "First-Time Manager Programme",
    "Security Champion Path",
    "Customer Care Academy",
    "Wellbeing Week",
    "Finance Foundations",
)
LANGUAGES = (
    ("en_GB", "en"),
    ("de_DE", "de"),
    ("fr_FR", "fr"),
    ("es_ES", "es"),
    ("pl_PL", "pl"),
    ("ar_AE", "ar"),
    ("ja_JP", "ja"),
)
