"""Answers that name two occupations, and titles of one occupation that look as if they did."""

PAIRS = """
nurse and truck driver
truck driver and nurse
primary school teacher and real estate agent
plumber / bus driver
electrician & barista
software engineer, truck driver
chef and bookkeeper
accountant/yoga instructor
police officer and bricklayer
receptionist + cleaner
bus driver; security guard
carpenter also barista
hairdresser plus bookkeeper
solicitor and dairy farmer
general practitioner and beef cattle farmer
dentist & winemaker
kitchen hand and cleaner
waiter and child care worker
forklift driver / kitchen hand
secondary school teacher and swimming coach
truck driver, chef
baker and taxi driver
bricklayer and bus driver
electrician and primary school teacher
registered nurse and bookkeeper
pharmacist and real estate agent
graphic designer / waiter
civil engineer and yoga instructor
sales assistant and cleaner
plumber and chef
accountant and truck driver
storeperson / receptionist
security guard and barista
architect and chef
physiotherapist and web developer
fruit picker and cleaner
solicitor / barista
carpenter and truck driver
taxi driver and cleaner
aged care worker and cleaner
bookkeeper; hairdresser
registered nurse, real estate agent
web developer & photographer
photographer and bus driver
motor mechanic and truck driver
welder and bus driver
bus driver and gardener
gardener, cleaner
cook & truck driver
teacher aide / waitress
dental assistant and sales assistant
security guard, taxi driver
police officer and personal trainer
electrician also truck driver
hairdresser and child care worker
personal trainer / barista
house painter and truck driver
dairy farmer and school bus driver
receptionist and dental nurse
butcher and taxi driver
chef and taxi driver
real estate agent and chef
accountant as well as barista
plumber or bus driver
mechanic and barber
nurse and hairdresser
builder / tour guide
beekeeper and postie
optometrist and piano teacher
teacher and butcher
florist and bus driver
dentist and pilot
tiler, taxi driver
veterinarian and truck driver
bank teller and musician
locksmith & baker
librarian and chef
surveyor and vet
crane driver and chef
midwife and photographer
""".strip().splitlines()

SINGLES = """
sales and marketing manager
fruit and vegetable grower
hair and beauty salon manager
wood and metal machinist
research and development manager
food and beverage attendant
policy and planning manager
bed and breakfast operator
bar and bistro manager
occupational health and safety officer
health and safety adviser
workplace health and safety officer
advertising and sales manager
marketing and communications manager
human resources and payroll manager
bricks and mortar store manager
painter and decorator
panel beater and spray painter
fitter and turner
wall and floor tiler
plasterer and renderer
roof and gutter cleaner
heating and ventilation mechanic
air conditioning and refrigeration mechanic
gas and water meter reader
hot water and gas plumber
carpet and upholstery cleaner
maths and science teacher
english and history teacher
arts and crafts teacher
health and physical education teacher
speech and language therapist
ear, nose and throat surgeon
obstetrician and gynaecologist
alcohol and drug counsellor
drug and alcohol counsellor
marriage and family counsellor
nursing and personal care assistant
aged and disability care worker
parks and gardens labourer
lawn and garden maintenance worker
supply and distribution manager
import and export manager
transport and logistics manager
accounts payable and receivable clerk
payroll and accounts clerk
mail and parcel sorter
stock and station agent
bar and gaming attendant
cafe and restaurant manager
fish and chip shop owner
kitchen and bathroom designer
bathroom and kitchen renovator
radio and television technician
film and video editor
film and television producer
books and magazines editor
wedding and portrait photographer
yoga and pilates instructor
sports and recreation officer
search and rescue officer
fire and rescue officer
police and community liaison officer
truck and trailer mechanic
car and motorcycle mechanic
crane, hoist and lift operator
sheep and cattle farmer
beef and sheep farmer
wheat and barley farmer
fruit and nut farmer
meat and poultry processor
store manager, Kmart
nurse, aged care
engineer, software
driver, school bus
clerk, accounts
mechanic, Toyota dealership
nurse in emergency, Royal Melbourne
teacher, year 3 and 4
cleaner at schools and offices
""".strip().splitlines()

MAINLY_ONE = {
    "teacher, part time cleaner": "teacher",
    "truck driver and part time cleaner": "truck driver",
    "plumber, sometimes bus driver": "plumber",
    "mainly a chef, also a truck driver": "chef",
    "truck driver, mostly chef": "chef",
    "electrician full time, bus driver on weekends": "electrician",
    "barista part time, full time electrician": "electrician",
    "registered nurse and occasionally real estate agent": "registered nurse",
}
"""Answers that say which of two occupations is the main one, and that one."""
