"""Departments and job titles of the generated learners."""

from typing import NamedTuple


class Department(NamedTuple):
    """A department with its cost centre and job titles."""

    name: str
    cost_centre: str
    job_titles: tuple[str, ...]


DEPARTMENTS = (
    Department("Operations", "CC-1100", ("Operations Analyst", "Shift Lead", "Site Coordinator")),
    Department("Sales", "CC-2100", ("Account Executive", "Sales Engineer", "Regional Sales Lead")),
    Department("Customer Care", "CC-2300", ("Care Adviser", "Care Team Lead", "Quality Coach")),
    Department("Engineering", "CC-3100", ("Software Engineer", "Test Engineer", "Staff Engineer")),
    Department("Finance", "CC-4100", ("Accountant", "Payroll Specialist", "Financial Controller")),
    Department("People", "CC-4200", ("HR Partner", "Recruiter", "Learning Consultant")),
    Department("Legal & Compliance", "CC-4300", ("Counsel", "Compliance Officer", "Paralegal")),
    Department("Marketing", "CC-5100", ("Brand Designer", "Campaign Planner", "Copywriter")),
    Department("Warehouse", "CC-6100", ("Picker", "Forklift Driver", "Dispatch Supervisor")),
    Department("Health & Safety", "CC-6200", ("Safety Adviser", "Fire Marshal", "First-Aid Lead")),
    Department("IT", "CC-7100", ("Support Analyst", "Network Engineer", "Security Analyst")),
    Department("Retail", "CC-8100", ("Store Assistant", "Store Manager", "Visual Merchandiser")),
)
